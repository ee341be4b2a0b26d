import { describe, expect, it } from 'vitest';
import { checkPluginOptions } from '../../../src/csi/plugin/check-plugin-options.js';
import { createPlugin } from '../../../src/csi/plugin/create-plugin.js';

const valid = { name: 'csi.example.com', version: '1.0.0' };
const check = (options: object) => () => checkPluginOptions({ ...valid, ...options } as never);

describe('the options of a plugin', () => {
  it('may all be given', () => {
    const logger = { error: () => {}, info: () => {} };
    const node = { nodeGetInfo: async () => ({}), folder: '/of/my/own' };
    expect(
      check({
        ...{
          manifest: {},
          specVersion: '1.12',
          interceptors: [],
          logger,
          onHandlerError: () => {},
          maxMapBytes: Infinity,
        },
        ...{ shutdownOn: false, shutdownGraceMs: 0, identity: {}, controller: {}, groupController: {}, node },
        ...{ features: { volumeExpansion: 'offline' }, capabilities: { services: [], volumeExpansion: undefined } },
      }),
    ).not.toThrow();
  });

  it.each([
    [{ grpupController: {} }, 'createPlugin has no option "grpupController"; write groupController'],
    [{ cloneVolume: true }, 'createPlugin has no option "cloneVolume"; write features.cloneVolume'],
    [{ features: { cloneVolumes: true } }, 'features has no option "cloneVolumes"; write cloneVolume'],
    [{ capabilities: { nodes: [] } }, 'capabilities has no option "nodes"; write node'],
    [{ features: { volumeExpansion: true } }, "volumeExpansion is 'online' or 'offline', not true"],
    [{ specVersion: '1.11' }, `specVersion is '1.12' or '1.13', not "1.11"`],
    [{ controller: true }, 'controller must be an object with a function for each call'],
    [{ node: { nodeGetInfo: {} } }, 'node.nodeGetInfo must be a function'],
    [{ identity: { probe: true } }, 'identity.probe must be a function'],
    [{ maxMapBytes: 0 }, 'maxMapBytes is 0; it must be a number more than 0'],
    [{ maxMapBytes: '4096' }, 'maxMapBytes is 4096; it must be a number'],
    [{ logger: console.log }, 'logger must have a function error'],
    [{ logger: null }, 'logger must have a function error'],
    [{ onHandlerError: 'log' }, 'onHandlerError must be a function'],
  ])('refuse %j', (options, message) => {
    expect(check(options)).toThrow(message);
    expect(() => createPlugin({ ...valid, ...options } as never)).toThrow(message);
  });

  it('are there', () => {
    expect(() => createPlugin(undefined as never)).toThrow('the options of createPlugin are an object, not undefined');
  });
});

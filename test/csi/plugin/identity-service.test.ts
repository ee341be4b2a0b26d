import { describe, expect, it } from 'vitest';
import {
  PluginCapability_VolumeExpansion_Type as Expansion,
  IdentityDefinition,
  PluginCapability_Service_Type as Service,
} from '../../../gen/csi/v1/csi.js';
import { identityService, type PluginIdentity } from '../../../src/csi/plugin/identity-service.js';
import type { PluginCapabilities } from '../../../src/csi/plugin/plugin-capabilities.js';
import type { IdentityHandlers } from '../../../src/csi/plugin/plugin-handlers.js';
import { createClient, createServer } from '../../../src/index.js';
import { createInProcessChannel } from '../../../src/testing/index.js';

const identity: PluginIdentity = { name: 'csi.example.com', version: '1.0.0', manifest: { build: '5' } };
const capabilities: PluginCapabilities = {
  ...{ services: [], volumeExpansion: undefined, controller: [], groupController: [], node: [] },
};

function start(changes: Partial<PluginCapabilities> = {}, handlers: IdentityHandlers = {}) {
  const service = identityService(identity, { ...capabilities, ...changes }, handlers);
  const server = createServer().add(IdentityDefinition, service);
  return createClient(IdentityDefinition, createInProcessChannel(server));
}

describe('identityService', () => {
  it('says who the plugin is', async () => {
    expect(await start().getPluginInfo({})).toEqual({
      ...{ name: 'csi.example.com', vendorVersion: '1.0.0', manifest: { build: '5' } },
    });
  });

  it('says what the plugin has', async () => {
    expect(await start().getPluginCapabilities({})).toEqual({ capabilities: [] });
    const services = [Service.CONTROLLER_SERVICE, Service.VOLUME_ACCESSIBILITY_CONSTRAINTS];
    const offered = services.map((type) => ({ type: { $case: 'service', value: { type } } }));
    expect(await start({ services }).getPluginCapabilities({})).toEqual({ capabilities: offered });
    for (const [volumeExpansion, type] of [
      ['online', Expansion.ONLINE],
      ['offline', Expansion.OFFLINE],
    ] as const) {
      expect(await start({ services, volumeExpansion }).getPluginCapabilities({})).toEqual({
        capabilities: [...offered, { type: { $case: 'volumeExpansion', value: { type } } }],
      });
    }
  });

  it('is ready, unless the plugin says otherwise', async () => {
    expect(await start().probe({})).toEqual({ ready: true });
    class Warming {
      readonly #ready = false;
      async probe() {
        return { ready: this.#ready };
      }
    }
    expect(await start({}, new Warming()).probe({})).toEqual({ ready: false });
  });

  it.each([...['csi.example.com', 'CSI.Example.com', 'a', '5', 'host-path.csi.k8s.io', '9.example', 'a'.repeat(63)]])(
    'takes the name %s',
    (name) => {
      expect(() => identityService({ ...identity, name }, capabilities, {})).not.toThrow();
    },
  );

  it.each([
    ...['', 'a'.repeat(64), '-a', 'a-', 'a.', '.a', 'a..b', 'a.-b', 'a_b', 'a b', 'a/b', 'csi.example.com\n', 'ä.com'],
    ...[undefined as never, 5 as never],
  ])('refuses the name %j', (name) => {
    expect(() => identityService({ ...identity, name }, capabilities, {})).toThrow(TypeError);
    expect(() => identityService({ ...identity, name }, capabilities, {})).toThrow(/csi\.example\.com/);
  });

  it.each(['', 'v'.repeat(129), undefined as never])('refuses the version %j', (version) => {
    expect(() => identityService({ ...identity, version }, capabilities, {})).toThrow(/version/);
  });

  it('refuses a manifest of more than 4 KiB', () => {
    const of = (bytes: number) => ({ ...identity, manifest: { a: 'x'.repeat(bytes - 1) } });
    expect(() => identityService(of(4096), capabilities, {})).not.toThrow();
    expect(() => identityService(of(4097), capabilities, {})).toThrow(/manifest has 4097 bytes/);
  });
});

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkHostPathOptions } from '../../../src/csi/hostpath/check-host-path-options.js';
import { createHostPathPlugin } from '../../../src/csi/hostpath/create-host-path-plugin.js';
import { temporaryFolder } from './temporary-folder.js';

const valid = { stateFolder: '/var/lib/csi', nodeId: 'node-1' };
const check = (options: object) => () => checkHostPathOptions({ ...valid, ...options } as never);

describe('the options of a host-path plugin', () => {
  it('may all be given', () => {
    const logger = { info: () => {}, warn: () => {} };
    const topology = { 'topology.example.com/zone': 'Z_1.a', rack: '7' };
    const others = { maxVolumesPerNode: 1, mutableParameters: [], mounts: 'links', logger };
    expect(check({ nodeId: 'x'.repeat(192), capacity: { a: 0n, b: 1n }, topology, ...others })).not.toThrow();
    expect(check({})).not.toThrow();
  });

  it.each([
    ['stateFolder is undefined; it must be the path of a folder', { stateFolder: undefined }],
    ['stateFolder is ""', { stateFolder: '' }],
    ['stateFolder', { stateFolder: '/a\0b' }],
    ['nodeId is ""; it must be a text of 1 to 192 bytes', { nodeId: '' }],
    ['it must be a text of 1 to 192 bytes', { nodeId: 'é'.repeat(97) }],
    ['nodeId is 7', { nodeId: 7 }],
    ['capacity has no kind of storage', { capacity: {} }],
    ['capacity.fast is -1; it must be from 0', { capacity: { fast: -1n } }],
    ['capacity.fast is 9223372036854775808', { capacity: { fast: 2n ** 63n } }],
    ['capacity.fast is 10; it must be a bigint of bytes', { capacity: { fast: 10 } }],
    ['capacity: "" is no name', { capacity: { '': 1n } }],
    ['topology names no place', { topology: {} }],
    ['topology: "a/b/c" is no key', { topology: { 'a/b/c': 'z1' } }],
    ['topology: "Example.com/zone" is no key', { topology: { 'Example.com/zone': 'z1' } }],
    ['topology: "" is no value of zone', { topology: { zone: '' } }],
    ['63 characters at most', { topology: { zone: 'z'.repeat(64) } }],
    ['topology: Zone and zone differ in case only', { topology: { zone: 'a', Zone: 'b' } }],
    ['maxVolumesPerNode is 0; it must be a whole number more than 0', { maxVolumesPerNode: 0 }],
    ['maxVolumesPerNode is 1.5', { maxVolumesPerNode: 1.5 }],
    ['mutableParameters must be a list of keys', { mutableParameters: 'iops' }],
    ['mutableParameters must be a list of keys', { mutableParameters: [''] }],
    [`mounts is 'bind' or 'links', not "auto"`, { mounts: 'auto' }],
    ['logger must have the functions info and warn', { logger: console.log }],
  ])('refuse: %s', (message, options) => {
    expect(check(options)).toThrow(message);
  });

  it('are looked at before anything is made', async () => {
    const stateFolder = join(temporaryFolder(), 'state');
    const make = (options: object) => createHostPathPlugin({ ...valid, stateFolder, ...options } as never);
    await expect(make({ stateDir: '/x' })).rejects.toThrow('createHostPathPlugin has no option "stateDir"');
    await expect(make({ maxVolumePerNode: 3 })).rejects.toThrow('write maxVolumesPerNode');
    await expect(make({ controller: {} })).rejects.toThrow('has no option "controller"');
    await expect(make({ capacity: { standard: -1n } })).rejects.toThrow(RangeError);
    expect(existsSync(stateFolder)).toBe(false);
  });
});

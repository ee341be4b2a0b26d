import { readdirSync, readFileSync } from 'node:fs';
import { createFileRegistry, fromBinary, getOption } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { fileDescriptorSet as csiDescriptorSet } from '../../gen/csi/v1/csi.descriptor.js';
import { fileDescriptorSet as codeDescriptorSet } from '../../gen/google/rpc/code.descriptor.js';
import { fileDescriptorSet as errorDetailsDescriptorSet } from '../../gen/google/rpc/error_details.descriptor.js';
import { fileDescriptorSet as statusDescriptorSet } from '../../gen/google/rpc/status.descriptor.js';
import { differences } from './differences.js';
import { normaliseDescriptor } from './normalise-descriptor.js';

const gen = new URL('../../gen/', import.meta.url);
const modules = readdirSync(gen, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.descriptor.ts'),
);

function reference(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`${name}.normalised.json`, import.meta.url), 'utf8'));
}

describe('the generated descriptor sets', () => {
  it('exist for every proto file', () => {
    const protos = readdirSync(new URL('../../proto/', import.meta.url), { recursive: true, encoding: 'utf8' });
    const wanted = protos.filter((name) => name.endsWith('.proto')).map((name) => name.replace('.proto', ''));
    expect(modules.map((name) => name.replace('.descriptor.ts', '')).sort()).toEqual(wanted.sort());
  });

  it.each(modules)('%s ends with its own file and has what is imported before what imports it', async (name) => {
    const { fileDescriptorSet } = (await import(new URL(name, gen).href)) as { fileDescriptorSet(): Uint8Array };
    const { file } = fromBinary(FileDescriptorSetSchema, fileDescriptorSet());
    expect(file.at(-1)?.name).toBe(name.replace('.descriptor.ts', '.proto'));
    const seen = new Set<string>();
    for (const { name: own, dependency, sourceCodeInfo } of file) {
      expect(dependency.filter((imported) => !seen.has(imported))).toEqual([]);
      expect(sourceCodeInfo).toBeUndefined();
      seen.add(own);
    }
    expect(seen.size).toBe(file.length);
  });

  it('are decoded once', () => {
    expect(csiDescriptorSet()).toBe(csiDescriptorSet());
  });

  it('hold all of CSI with its custom options', () => {
    expect(differences(reference('csi-1.13'), normaliseDescriptor(csiDescriptorSet(), 'csi.v1'))).toEqual([]);
  });

  it('tell which fields are secret', () => {
    const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, csiDescriptorSet()));
    const secret = registry.getExtension('csi.v1.csi_secret')!;
    const request = registry.getMessage('csi.v1.CreateVolumeRequest')!;
    const secrets = request.fields.filter((field) => getOption(field, secret));
    expect(secrets.map((field) => field.name)).toEqual(['secrets']);
  });

  it('may be concatenated', () => {
    const all = Buffer.concat([codeDescriptorSet(), errorDetailsDescriptorSet(), statusDescriptorSet()]);
    expect(differences(reference('google-rpc'), normaliseDescriptor(all, 'google.rpc'))).toEqual([]);
  });
});

import { isAbsolute, normalize } from 'node:path';
import type { DesiredPublication, DesiredSource, DesiredVolume } from './desired-volume.js';
import { parseSize } from './parse-size.js';
import { SpecError } from './spec-error.js';
import { specReader as read } from './spec-reader.js';
import type { AccessModeName, PublicationSpec, Size, VolumeSpec } from './volume-spec.js';

type Path = readonly (string | number)[];

const accessModes: readonly AccessModeName[] = [
  ...(['SINGLE_NODE_WRITER', 'SINGLE_NODE_READER_ONLY', 'MULTI_NODE_READER_ONLY'] as const),
  ...(['MULTI_NODE_SINGLE_WRITER', 'MULTI_NODE_MULTI_WRITER'] as const),
  ...(['SINGLE_NODE_SINGLE_WRITER', 'SINGLE_NODE_MULTI_WRITER'] as const),
];

const fields: { readonly [Field in keyof VolumeSpec]-?: true } = {
  ...{ size: true, limit: true, access: true, fsType: true, mountFlags: true, accessMode: true },
  ...{ parameters: true, mutableParameters: true, from: true, topology: true, publish: true },
};

const publicationFields: { readonly [Field in keyof PublicationSpec]-?: true } = {
  ...{ node: true, target: true, readonly: true },
};

/**
 * A volume as somebody wants it, looked at and with its defaults.
 *
 * @throws SpecError that says where it is wrong.
 */
export function readVolumeSpec(name: string, given: unknown): DesiredVolume {
  const id = read.name(name, []);
  const spec = read.object(given ?? {}, [], Object.keys(fields)) as VolumeSpec;
  const requiredBytes = sizeOf(spec.size, ['size']);
  const limitBytes = sizeOf(spec.limit, ['limit']);
  if (limitBytes !== 0n && limitBytes < requiredBytes) throw new SpecError(['limit'], 'is less than the size');
  const access = spec.access === undefined ? 'mount' : read.oneOf(spec.access, ['access'], ['mount', 'block']);
  for (const field of ['fsType', 'mountFlags'] as const) {
    if (access === 'block' && spec[field] !== undefined) {
      throw new SpecError([field], 'is about a file system, and a block device has none');
    }
  }
  const source = spec.from === undefined ? undefined : readSource(spec.from, id);
  return {
    ...{ id, requiredBytes, limitBytes, access },
    fsType: spec.fsType === undefined ? '' : read.text(spec.fsType, ['fsType']),
    mountFlags: textsOf(spec.mountFlags ?? [], ['mountFlags']),
    accessMode:
      spec.accessMode === undefined ? 'SINGLE_NODE_WRITER' : read.oneOf(spec.accessMode, ['accessMode'], accessModes),
    parameters: { ...read.texts(spec.parameters ?? {}, ['parameters']) },
    mutableParameters: { ...read.texts(spec.mutableParameters ?? {}, ['mutableParameters']) },
    ...(source !== undefined && { source }),
    topology: read
      .list(spec.topology ?? [], ['topology'])
      .map((segments, index) => ({ ...read.texts(segments, ['topology', index]) })),
    publications: readPublications(spec.publish ?? []),
  };
}

function sizeOf(size: Size | undefined, path: Path): bigint {
  if (size === undefined) return 0n;
  try {
    return parseSize(size);
  } catch (error) {
    throw new SpecError(path, (error as Error).message);
  }
}

function textsOf(value: unknown, path: Path): string[] {
  return read.list(value, path).map((text, index) => read.text(text, [...path, index]));
}

function readSource(given: unknown, name: string): DesiredSource {
  const from = read.object(given, ['from'], ['snapshot', 'volume']);
  const kinds = (['snapshot', 'volume'] as const).filter((kind) => from[kind] !== undefined);
  const [kind] = kinds;
  if (kinds.length !== 1 || kind === undefined) throw new SpecError(['from'], 'must have either snapshot or volume');
  const source = read.name(from[kind], ['from', kind]);
  if (kind === 'volume' && source === name) throw new SpecError(['from', 'volume'], 'is the volume itself');
  return { kind, name: source };
}

function readPublications(given: unknown): DesiredPublication[] {
  const taken = new Set<string>();
  return read.list(given, ['publish']).map((entry, index) => {
    const path = ['publish', index];
    const { node, target, readonly = false } = read.object(entry, path, Object.keys(publicationFields));
    if (target !== undefined) checkTarget(read.text(target, [...path, 'target']), [...path, 'target'], taken);
    return {
      node: node === undefined ? undefined : read.text(node, [...path, 'node']),
      target: target as string | undefined,
      readonly: read.flag(readonly, [...path, 'readonly']),
    };
  });
}

function checkTarget(target: string, path: Path, taken: Set<string>): void {
  if (!isAbsolute(target)) throw new SpecError(path, 'must be an absolute path');
  const normal = normalize(target).replace(/(.)\/$/, '$1');
  if (normal !== target) throw new SpecError(path, `must be written as ${normal}`);
  if (taken.has(target)) throw new SpecError(path, 'is there twice');
  taken.add(target);
}

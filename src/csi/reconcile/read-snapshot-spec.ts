import type { DesiredSnapshot } from './desired-volume.js';
import { specReader as read } from './spec-reader.js';

/**
 * A snapshot as somebody wants it, looked at and with its defaults.
 *
 * @throws SpecError that says where it is wrong.
 */
export function readSnapshotSpec(name: string, given: unknown): DesiredSnapshot {
  const id = read.name(name, []);
  const { of, parameters = {} } = read.object(given, [], ['of', 'parameters']);
  return { id, of: read.name(of, ['of']), parameters: { ...read.texts(parameters, ['parameters']) } };
}

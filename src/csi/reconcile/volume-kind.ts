import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { callForVolume } from './call-for-volume.js';
import type { ControllerStore } from './controller-store.js';
import { decideVolume, type VolumeFacts } from './decide-volume.js';
import { type ObjectKind, objectKey } from './object-kind.js';
import type { ObjectRelations } from './object-relations.js';
import type { VolumeOperation } from './operation.js';
import type { Outcome } from './outcome.js';
import type { PluginFacts } from './plugin-facts.js';
import type { VolumeState } from './volume-state.js';
import {
  beginVolumeOperation,
  completeVolumeOperation,
  failVolumeOperation,
  type VolumeAnswer,
} from './volume-transitions.js';
import { WrongAnswerError } from './wrong-answer-error.js';

/** Volumes, as a controller leads them to what is desired. */
export function volumeKind(
  store: ControllerStore,
  relations: ObjectRelations,
  stagingFolder: string,
): ObjectKind<VolumeState, VolumeOperation, VolumeAnswer> {
  const { volumes, desiredVolumes } = store;

  function facts(name: string, plugin: PluginFacts): VolumeFacts {
    const desired = desiredVolumes.get(name);
    const state = volumes.get(name);
    const ends = state !== undefined && (state.doomed || desired === undefined);
    const { source } = desired ?? {};
    const begins = state?.volumeId === undefined && source !== undefined;
    const of = source?.kind === 'snapshot' ? relations.sourceSnapshot : relations.sourceVolume;
    return {
      ...{ desired, state, plugin },
      ...(begins && { source: of.call(relations, source.name) }),
      dependents:
        ends && state.volumeId !== undefined ? relations.dependents('volume', name, state.volumeId, plugin) : [],
      stagingPath: join(stagingFolder, createHash('sha256').update(name).digest('hex').slice(0, 32)),
    };
  }

  function complete(state: VolumeState, operation: VolumeOperation, answer: VolumeAnswer): Outcome<VolumeState> {
    const outcome = completeVolumeOperation(state, operation, answer);
    const { volumeId } = outcome.state ?? {};
    if (operation.method !== 'createVolume' || volumeId === undefined) return outcome;
    const other = volumes.pageBy('volumeId', volumeId, { limit: 2 }).find(({ id }) => id !== state.id);
    if (other === undefined) return outcome;
    throw new WrongAnswerError(
      `CreateVolume gave the id ${JSON.stringify(volumeId)}, which the volume ${other.id} has`,
    );
  }

  return {
    name: 'volume',
    *names() {
      for (const { id } of desiredVolumes.all()) yield id;
      for (const { id } of volumes.all()) if (desiredVolumes.get(id) === undefined) yield id;
    },
    decide: (name, plugin) => decideVolume(facts(name, plugin)),
    isDesired: (name) => desiredVolumes.get(name) !== undefined,
    get: (name) => volumes.get(name),
    put: (state) => volumes.put(state),
    remove: (name) => void volumes.delete(name),
    begin: beginVolumeOperation,
    call: callForVolume,
    complete,
    fail: failVolumeOperation,
    unfinished: () => undefined,
    *relatives(name) {
      const state = volumes.get(name);
      yield* relations.relatives('volume', name, state?.volumeId);
      for (const source of [state?.creation.source, desiredVolumes.get(name)?.source]) {
        if (source !== undefined) yield objectKey(source.kind, source.name);
      }
    },
  };
}

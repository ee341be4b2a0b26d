import { callForSnapshot } from './call-for-snapshot.js';
import type { ControllerStore } from './controller-store.js';
import { decideSnapshot, type SnapshotFacts } from './decide-snapshot.js';
import { type ObjectKind, objectKey } from './object-kind.js';
import type { ObjectRelations } from './object-relations.js';
import type { SnapshotOperation } from './operation.js';
import type { Outcome } from './outcome.js';
import type { PluginFacts } from './plugin-facts.js';
import type { SnapshotState } from './snapshot-state.js';
import {
  beginSnapshotOperation,
  completeSnapshotOperation,
  failSnapshotOperation,
  type SnapshotAnswer,
} from './snapshot-transitions.js';
import { WrongAnswerError } from './wrong-answer-error.js';

/** Snapshots, as a controller leads them to what is desired. */
export function snapshotKind(
  store: ControllerStore,
  relations: ObjectRelations,
): ObjectKind<SnapshotState, SnapshotOperation, SnapshotAnswer> {
  const { snapshots, desiredSnapshots } = store;

  function facts(name: string, plugin: PluginFacts): SnapshotFacts {
    const desired = desiredSnapshots.get(name);
    const state = snapshots.get(name);
    const ends = state !== undefined && (state.doomed || desired === undefined);
    const { snapshotId } = state ?? {};
    return {
      ...{ desired, state, plugin },
      ...(desired !== undefined && snapshotId === undefined && { source: relations.sourceVolume(desired.of) }),
      dependents: ends && snapshotId !== undefined ? relations.dependents('snapshot', name, snapshotId, plugin) : [],
    };
  }

  function complete(
    state: SnapshotState,
    operation: SnapshotOperation,
    answer: SnapshotAnswer,
  ): Outcome<SnapshotState> {
    const outcome = completeSnapshotOperation(state, operation, answer);
    const { snapshotId } = outcome.state ?? {};
    if (operation.method !== 'createSnapshot' || snapshotId === undefined) return outcome;
    const other = snapshots.pageBy('snapshotId', snapshotId, { limit: 2 }).find(({ id }) => id !== state.id);
    if (other === undefined) return outcome;
    const message = `CreateSnapshot gave the id ${JSON.stringify(snapshotId)}, which the snapshot ${other.id} has`;
    throw new WrongAnswerError(message);
  }

  return {
    name: 'snapshot',
    *names() {
      for (const { id } of desiredSnapshots.all()) yield id;
      for (const { id } of snapshots.all()) if (desiredSnapshots.get(id) === undefined) yield id;
    },
    decide: (name, plugin) => decideSnapshot(facts(name, plugin)),
    isDesired: (name) => desiredSnapshots.get(name) !== undefined,
    get: (name) => snapshots.get(name),
    put: (state) => snapshots.put(state),
    remove: (name) => void snapshots.delete(name),
    begin: beginSnapshotOperation,
    call: callForSnapshot,
    complete,
    fail: failSnapshotOperation,
    unfinished: ({ ready, doomed }, { method }) =>
      method === 'createSnapshot' && !ready && !doomed ? 'the snapshot is not ready to use yet' : undefined,
    *relatives(name) {
      const state = snapshots.get(name);
      yield* relations.relatives('snapshot', name, state?.snapshotId);
      for (const of of [state?.creation.of, desiredSnapshots.get(name)?.of]) {
        if (of !== undefined) yield objectKey('volume', of);
      }
    },
  };
}

import type { CreateSnapshotResponse, DeleteSnapshotResponse } from '../../../gen/csi/v1/csi.js';
import type { ErrorClass } from './classify-error.js';
import type { SnapshotOperation } from './operation.js';
import type { Outcome } from './outcome.js';
import type { SnapshotState } from './snapshot-state.js';
import { WrongAnswerError } from './wrong-answer-error.js';

export type SnapshotAnswer = CreateSnapshotResponse | DeleteSnapshotResponse;

/** What is written down before a call. */
export function beginSnapshotOperation(
  name: string,
  state: SnapshotState | undefined,
  operation: SnapshotOperation,
): SnapshotState {
  if (operation.method !== 'createSnapshot') return { ...state!, deleting: true };
  const { creation } = operation;
  const begun = {
    id: name,
    doomed: false,
    deleting: false,
    missing: false,
    ready: false,
    sizeBytes: 0n,
    createdAtMs: 0,
  };
  return { ...(state ?? begun), creation, answer: 'none' };
}

/**
 * What is known after the call succeeded.
 *
 * @throws WrongAnswerError for an answer that says nothing: then all is as before, and the call is to be repeated.
 */
export function completeSnapshotOperation(
  state: SnapshotState,
  operation: SnapshotOperation,
  answer: SnapshotAnswer,
): Outcome<SnapshotState> {
  if (operation.method !== 'createSnapshot') return { state: undefined };
  const { snapshot } = answer as CreateSnapshotResponse;
  if (snapshot === undefined || snapshot.snapshotId === '') {
    throw new WrongAnswerError('CreateSnapshot succeeded and gave no snapshot_id');
  }
  const { snapshotId, sizeBytes, readyToUse: ready, creationTime, sourceVolumeId } = snapshot;
  if (state.snapshotId !== undefined && state.snapshotId !== snapshotId) {
    const ids = `${JSON.stringify(snapshotId)}, and before it was ${JSON.stringify(state.snapshotId)}`;
    throw new WrongAnswerError(`CreateSnapshot gave the id ${ids}`);
  }
  const createdAtMs = creationTime === undefined ? 0 : Number(creationTime.seconds) * 1_000;
  const known = { ...state, snapshotId, sizeBytes, ready, createdAtMs };
  const wanted = state.creation.sourceVolumeId;
  if (sourceVolumeId === wanted) return { state: known };
  // It is known now, and can be deleted.
  const complaint = `CreateSnapshot made a snapshot of ${JSON.stringify(sourceVolumeId)} and not of ${JSON.stringify(wanted)}: it is deleted, and made anew`;
  return { state: { ...known, doomed: true }, complaint };
}

/** What is known after the call failed. */
export function failSnapshotOperation(
  state: SnapshotState,
  { method }: SnapshotOperation,
  error: ErrorClass,
): SnapshotState {
  // One that has its id is asked whether it is ready, and stays what it is.
  if (method !== 'createSnapshot' || state.snapshotId !== undefined) return state;
  return { ...state, answer: error === 'pending' ? 'none' : error };
}

import type { SnapshotCreation } from './snapshot-state.js';
import type { Creation } from './volume-state.js';

/** The next call for a volume, by the name of its method; `forget` calls nobody. */
export type VolumeOperation =
  | { readonly method: 'createVolume'; readonly creation: Creation }
  | { readonly method: 'deleteVolume' }
  | { readonly method: 'controllerExpandVolume'; readonly requiredBytes: bigint; readonly limitBytes: bigint }
  | { readonly method: 'controllerModifyVolume'; readonly mutableParameters: { readonly [key: string]: string } }
  | { readonly method: 'controllerPublishVolume'; readonly node: string; readonly readonly: boolean }
  | { readonly method: 'controllerUnpublishVolume'; readonly node: string }
  | { readonly method: 'nodeStageVolume'; readonly node: string; readonly path: string }
  | { readonly method: 'nodeUnstageVolume'; readonly node: string; readonly path: string }
  | {
      readonly method: 'nodePublishVolume';
      readonly node: string;
      readonly path: string;
      readonly staging: string | undefined;
      readonly readonly: boolean;
    }
  | { readonly method: 'nodeUnpublishVolume'; readonly node: string; readonly path: string }
  | { readonly method: 'nodeExpandVolume'; readonly path: string; readonly requiredBytes: bigint }
  | { readonly method: 'forget' };

/** The next call for a snapshot. */
export type SnapshotOperation =
  | { readonly method: 'createSnapshot'; readonly creation: SnapshotCreation }
  | { readonly method: 'deleteSnapshot' }
  | { readonly method: 'forget' };

export type Operation = VolumeOperation | SnapshotOperation;

/** What of an operation counts for its waits between retries: two targets of a volume do not wait for each other. */
export function operationKey(operation: Operation): string {
  if ('path' in operation) return `${operation.method} ${operation.path}`;
  if ('node' in operation) return `${operation.method} ${operation.node}`;
  return operation.method;
}

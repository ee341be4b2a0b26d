import type { Decision, Problem } from './decision.js';
import type { OperationMethod } from './operation-method.js';
import type { Failure } from './retry-times.js';

/** One thing that is wanted of an object. */
export interface Condition {
  readonly type: 'created' | 'published' | 'sized' | 'modified' | 'present' | 'deleted';
  /** Whether it is so. */
  readonly status: boolean;
  /** Why it is not. */
  readonly message?: string;
}

/** How an operation failed the last time. */
export interface LastError {
  readonly method: OperationMethod;
  readonly message: string;
  readonly attempts: number;
  readonly failedAt: Date;
  /** Undefined: not before the plugin is connected anew, or something else is desired. */
  readonly retryAt: Date | undefined;
}

/**
 * `ready`: as desired; `working`: something is being done, or soon will be; `waiting`: for other objects, or for the plugin;
 * `retrying`: something failed and is tried again; `stuck`: nothing more is done until something changes.
 */
export type Phase = 'ready' | 'working' | 'waiting' | 'retrying' | 'stuck';

export interface ObjectStatus {
  readonly name: string;
  readonly phase: Phase;
  /** It is not desired any more. */
  readonly deleting: boolean;
  readonly conditions: readonly Condition[];
  /** In words. */
  readonly waitsFor: readonly string[];
  readonly lastError: LastError | undefined;
}

export interface VolumeStatus extends ObjectStatus {
  /** Undefined until it is known. */
  readonly volumeId: string | undefined;
  /** 0: not known. */
  readonly capacityBytes: bigint;
  /** Nodes that it is attached to. */
  readonly nodes: readonly string[];
  /** Paths at which it is. */
  readonly targets: readonly string[];
}

export interface SnapshotStatus extends ObjectStatus {
  /** Undefined until it is known. */
  readonly snapshotId: string | undefined;
  readonly readyToUse: boolean;
  readonly sizeBytes: bigint;
  readonly createdAt: Date | undefined;
}

const about: { readonly [Method in OperationMethod]: Problem['about'] } = {
  ...{ createVolume: 'created', createSnapshot: 'created' },
  ...{ deleteVolume: 'deleted', deleteSnapshot: 'deleted', forget: 'deleted' },
  ...{ controllerExpandVolume: 'sized', nodeExpandVolume: 'sized', controllerModifyVolume: 'modified' },
  ...{ controllerPublishVolume: 'published', controllerUnpublishVolume: 'published' },
  ...{ nodeStageVolume: 'published', nodeUnstageVolume: 'published' },
  ...{ nodePublishVolume: 'published', nodeUnpublishVolume: 'published' },
};

/**
 * What can be said of any object.
 *
 * @param decision undefined while no plugin was there.
 * @param failures of the operations that it wants, the last one first.
 */
export function objectStatus(
  name: string,
  deleting: boolean,
  types: readonly Condition['type'][],
  decision: Decision | undefined,
  failures: readonly Failure[],
): ObjectStatus {
  if (decision === undefined) {
    const conditions = types.map((type) => ({ type, status: false, message: 'the plugin was not there yet' }));
    return { name, phase: 'waiting', deleting, conditions, waitsFor: ['the plugin'], lastError: undefined };
  }
  const [last] = failures;
  const lastError = last && {
    method: last.operation.method,
    message: last.error.message,
    attempts: last.attempts,
    failedAt: new Date(last.failedAtMs),
    retryAt: last.retryAtMs === Number.POSITIVE_INFINITY ? undefined : new Date(last.retryAtMs),
  };
  const conditions = types.map((type): Condition => {
    const message =
      decision.problems.find((problem) => problem.about === type)?.message ??
      failures.find(({ operation }) => about[operation.method] === type)?.error.message;
    const open = message !== undefined || decision.operations.some(({ method }) => about[method] === type);
    if (!open) return { type, status: true };
    return { type, status: false, message: message ?? 'not done yet' };
  });
  return { name, phase: phaseOf(decision, failures), deleting, conditions, waitsFor: decision.waitsFor, lastError };
}

function phaseOf({ operations, problems, waitsFor }: Decision, failures: readonly Failure[]): Phase {
  const held = failures.filter(({ retryAtMs }) => retryAtMs === Number.POSITIVE_INFINITY).length;
  if (operations.length > failures.length) return 'working';
  if (failures.length > held) return 'retrying';
  if (waitsFor.length > 0) return 'waiting';
  return problems.length > 0 || held > 0 ? 'stuck' : 'ready';
}

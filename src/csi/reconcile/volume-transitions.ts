import type {
  ControllerExpandVolumeResponse,
  ControllerPublishVolumeResponse,
  CreateVolumeResponse,
  VolumeContentSource,
} from '../../../gen/csi/v1/csi.js';
import type { ErrorClass } from './classify-error.js';
import type { VolumeOperation } from './operation.js';
import type { Outcome } from './outcome.js';
import type { Attachment, Creation, Staging, Target, VolumeState } from './volume-state.js';
import { WrongAnswerError } from './wrong-answer-error.js';

/** Answers of the methods of which one is needed. */
export type VolumeAnswer =
  | CreateVolumeResponse
  | ControllerPublishVolumeResponse
  | ControllerExpandVolumeResponse
  | object;

/**
 * What is written down before a call: whoever finds it after a crash knows that the call may have been made.
 *
 * @param name of the volume, for one that is begun.
 */
export function beginVolumeOperation(
  name: string,
  state: VolumeState | undefined,
  operation: VolumeOperation,
): VolumeState {
  if (operation.method === 'createVolume') {
    return { ...(state ?? newVolume(name, operation.creation)), creation: operation.creation, answer: 'none' };
  }
  const { attachments, stagings, targets } = state!;
  const attachment = (node: string, change: Partial<Attachment>): VolumeState => {
    const before = attachments[node] ?? { phase: 'making', readonly: false, context: {} };
    return { ...state!, attachments: { ...attachments, [node]: { ...before, ...change } } };
  };
  const staging = (path: string, change: Staging): VolumeState => ({
    ...state!,
    stagings: { ...stagings, [path]: change },
  });
  const target = (path: string, change: Target): VolumeState => ({
    ...state!,
    targets: { ...targets, [path]: change },
  });
  switch (operation.method) {
    case 'deleteVolume':
      return { ...state!, deleting: true };
    case 'controllerExpandVolume': {
      const { requiredBytes, limitBytes } = operation;
      return { ...state!, expansion: { requiredBytes, limitBytes } };
    }
    case 'controllerModifyVolume':
      return { ...state!, mutableParameters: undefined };
    case 'controllerPublishVolume':
      return attachment(operation.node, { phase: 'making', readonly: operation.readonly });
    case 'controllerUnpublishVolume':
      return attachment(operation.node, { phase: 'removing' });
    case 'nodeStageVolume':
      return staging(operation.path, { phase: 'making', node: operation.node });
    case 'nodeUnstageVolume':
      return staging(operation.path, { phase: 'removing', node: operation.node });
    case 'nodePublishVolume': {
      const { path, node, staging: from, readonly } = operation;
      return target(path, { phase: 'making', node, staging: from, readonly, grows: state!.growsOnNode });
    }
    case 'nodeUnpublishVolume':
      return target(operation.path, { ...targets[operation.path]!, phase: 'removing' });
    default:
      return state!;
  }
}

function newVolume(id: string, creation: Creation): VolumeState {
  return {
    ...{ id, creation, answer: 'none', doomed: false, deleting: false, missing: false },
    ...{ capacityBytes: 0n, volumeContext: {}, mutableParameters: {}, growsOnNode: false },
    ...{ attachments: {}, stagings: {}, targets: {} },
  };
}

/**
 * What is known after the call succeeded.
 *
 * @throws WrongAnswerError for an answer that says nothing: then all is as before, and the call is to be repeated.
 */
export function completeVolumeOperation(
  state: VolumeState,
  operation: VolumeOperation,
  answer: VolumeAnswer,
): Outcome<VolumeState> {
  const { attachments, stagings, targets } = state;
  switch (operation.method) {
    case 'createVolume':
      return created(state, answer as CreateVolumeResponse);
    case 'deleteVolume':
    case 'forget':
      return { state: undefined };
    case 'controllerExpandVolume':
      return expanded(state, operation.requiredBytes, answer as ControllerExpandVolumeResponse);
    case 'controllerModifyVolume':
      return { state: { ...state, mutableParameters: operation.mutableParameters } };
    case 'controllerPublishVolume': {
      const { publishContext: context } = answer as ControllerPublishVolumeResponse;
      const { node, readonly } = operation;
      return { state: { ...state, attachments: { ...attachments, [node]: { phase: 'made', readonly, context } } } };
    }
    case 'controllerUnpublishVolume':
      return { state: { ...state, attachments: without(attachments, operation.node) } };
    case 'nodeStageVolume':
      return { state: { ...state, stagings: { ...stagings, [operation.path]: made(stagings[operation.path]!) } } };
    case 'nodeUnstageVolume':
      return { state: { ...state, stagings: without(stagings, operation.path) } };
    case 'nodePublishVolume':
      return { state: { ...state, targets: { ...targets, [operation.path]: made(targets[operation.path]!) } } };
    case 'nodeUnpublishVolume':
      return { state: { ...state, targets: without(targets, operation.path) } };
    case 'nodeExpandVolume':
      return { state: grownOnNode(state, operation.path, operation.requiredBytes) };
  }
}

/** What is known after the call failed. */
export function failVolumeOperation(state: VolumeState, operation: VolumeOperation, error: ErrorClass): VolumeState {
  switch (operation.method) {
    case 'createVolume':
      return { ...state, answer: error === 'pending' ? 'none' : error };
    case 'controllerExpandVolume': {
      if (error === 'pending') return state;
      const { expansion: _, ...rest } = state;
      return rest;
    }
    default:
      return state;
  }
}

function created(state: VolumeState, { volume }: CreateVolumeResponse): Outcome<VolumeState> {
  if (volume === undefined || volume.volumeId === '') {
    throw new WrongAnswerError('CreateVolume succeeded and gave no volume_id');
  }
  const { source, mutableParameters } = state.creation;
  const { volumeId, capacityBytes, volumeContext, contentSource } = volume;
  const known = { ...state, volumeId, capacityBytes, volumeContext, mutableParameters };
  if (source === undefined || isFrom(contentSource, source)) return { state: known };
  // Its content is not what is wanted. It is known now, and can be deleted.
  const complaint = `CreateVolume made a volume that is not from the ${source.kind} ${JSON.stringify(source.id)}: it is deleted, and made anew`;
  return { state: { ...known, doomed: true }, complaint };
}

function isFrom(answered: VolumeContentSource | undefined, { kind, id }: NonNullable<Creation['source']>): boolean {
  const type = answered?.type;
  if (type?.$case === 'snapshot') return kind === 'snapshot' && type.value.snapshotId === id;
  return type?.$case === 'volume' && kind === 'volume' && type.value.volumeId === id;
}

function expanded(
  { expansion: _, ...state }: VolumeState,
  requiredBytes: bigint,
  { capacityBytes, nodeExpansionRequired }: ControllerExpandVolumeResponse,
): Outcome<VolumeState> {
  const targets = Object.entries(state.targets).map(([path, target]) => [path, { ...target, grows: true }]);
  const grown: VolumeState = {
    ...state,
    capacityBytes,
    ...(nodeExpansionRequired && { growsOnNode: true, targets: Object.fromEntries(targets) }),
  };
  if (capacityBytes >= requiredBytes) return { state: grown };
  return { state: grown, complaint: `ControllerExpandVolume gave ${capacityBytes} bytes of ${requiredBytes}` };
}

function grownOnNode(state: VolumeState, path: string, requiredBytes: bigint): VolumeState {
  const { targets, capacityBytes } = state;
  return {
    ...state,
    growsOnNode: false,
    targets: { ...targets, [path]: { ...targets[path]!, grows: false } },
    capacityBytes: requiredBytes > capacityBytes ? requiredBytes : capacityBytes,
  };
}

function made<Use extends { readonly phase: unknown }>(use: Use): Use {
  return { ...use, phase: 'made' };
}

function without<Value>(entries: { readonly [key: string]: Value }, gone: string): { readonly [key: string]: Value } {
  return Object.fromEntries(Object.entries(entries).filter(([key]) => key !== gone));
}

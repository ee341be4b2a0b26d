import { mkdir, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CreateVolumeRequest } from '../../../gen/csi/v1/csi.js';
import { Code } from '../../rpc/code.js';
import { RpcError } from '../../rpc/rpc-error.js';
import type { ConnectedPlugin } from '../controller/connected-plugin.js';
import type { VolumeOperation } from './operation.js';
import { volumeCapability } from './volume-capability.js';
import type { Creation, VolumeState } from './volume-state.js';
import type { VolumeAnswer } from './volume-transitions.js';

export interface CallOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly secrets: { readonly [key: string]: string };
}

/** Makes the call of an operation, and what CSI leaves to the CO around it: folders. Rejects as the call does. */
export async function callForVolume(
  { controller, node }: Pick<ConnectedPlugin, 'controller' | 'node'>,
  state: VolumeState,
  operation: VolumeOperation,
  { timeoutMs, signal, secrets }: CallOptions,
): Promise<VolumeAnswer> {
  const options = { timeoutMs, signal };
  const { volumeId = '', creation, volumeContext } = state;
  const capability = volumeCapability(creation);
  const publishContext = (on: string) => state.attachments[on]?.context ?? {};
  switch (operation.method) {
    case 'createVolume':
      return controller.createVolume({ ...createVolumeRequest(state.id, operation.creation), secrets }, options);
    case 'deleteVolume':
      return gone(controller.deleteVolume({ volumeId, secrets }, options));
    case 'controllerExpandVolume': {
      const { requiredBytes, limitBytes } = operation;
      const capacityRange = { requiredBytes, limitBytes };
      const request = { volumeId, capacityRange, volumeCapability: capability, secrets };
      return controller.controllerExpandVolume(request, options);
    }
    case 'controllerModifyVolume': {
      const { mutableParameters } = operation;
      return controller.controllerModifyVolume({ volumeId, mutableParameters, secrets }, options);
    }
    case 'controllerPublishVolume': {
      const { node: nodeId, readonly } = operation;
      const request = { volumeId, nodeId, volumeCapability: capability, readonly, volumeContext, secrets };
      return controller.controllerPublishVolume(request, options);
    }
    case 'controllerUnpublishVolume':
      return gone(controller.controllerUnpublishVolume({ volumeId, nodeId: operation.node, secrets }, options));
    case 'nodeStageVolume': {
      const { path: stagingTargetPath, node: on } = operation;
      await mkdir(stagingTargetPath, { recursive: true });
      const request = { volumeId, stagingTargetPath, volumeCapability: capability, volumeContext, secrets };
      return node.nodeStageVolume({ ...request, publishContext: publishContext(on) }, options);
    }
    case 'nodeUnstageVolume': {
      const answer = await gone(node.nodeUnstageVolume({ volumeId, stagingTargetPath: operation.path }, options));
      await rmdir(operation.path).catch(ignoreMissing);
      return answer;
    }
    case 'nodePublishVolume': {
      const { path: targetPath, staging: stagingTargetPath = '', node: on, readonly } = operation;
      await mkdir(dirname(targetPath), { recursive: true });
      const request = {
        volumeId,
        targetPath,
        stagingTargetPath,
        volumeCapability: capability,
        readonly,
        volumeContext,
      };
      return node.nodePublishVolume({ ...request, publishContext: publishContext(on), secrets }, options);
    }
    case 'nodeUnpublishVolume':
      return gone(node.nodeUnpublishVolume({ volumeId, targetPath: operation.path }, options));
    case 'nodeExpandVolume': {
      const { path: volumePath, requiredBytes } = operation;
      const stagingTargetPath = state.targets[volumePath]?.staging ?? '';
      const capacityRange = { requiredBytes };
      const request = { volumeId, volumePath, stagingTargetPath, capacityRange, volumeCapability: capability, secrets };
      return node.nodeExpandVolume(request, options);
    }
    case 'forget':
      return {};
  }
}

/** The same for the same creation, however often. */
function createVolumeRequest(name: string, creation: Creation): Omit<CreateVolumeRequest, 'secrets'> {
  const { requiredBytes, limitBytes, parameters, mutableParameters, source, topology } = creation;
  const sized = requiredBytes !== 0n || limitBytes !== 0n;
  const places = topology.map((segments) => ({ segments }));
  return {
    name,
    capacityRange: sized ? { requiredBytes, limitBytes } : undefined,
    volumeCapabilities: [volumeCapability(creation)],
    parameters,
    mutableParameters,
    volumeContentSource: source && {
      type:
        source.kind === 'snapshot'
          ? { $case: 'snapshot', value: { snapshotId: source.id } }
          : { $case: 'volume', value: { volumeId: source.id } },
    },
    accessibilityRequirements: places.length === 0 ? undefined : { requisite: places, preferred: places },
  };
}

/** What is to be taken away and is not there is gone. */
async function gone(call: Promise<object>): Promise<object> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof RpcError && error.code === Code.NOT_FOUND) return {};
    throw error;
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

import path from 'node:path';
import {
  type ControllerDefinition,
  VolumeCapability_AccessMode_Mode as Mode,
  type NodeDefinition,
  type VolumeCapability,
} from '../../gen/csi/v1/csi.js';
import type { Client } from '../../src/index.js';
import { NODE_ID } from './host-path-options.js';
import type { Operation } from './load.js';

export const mountCapability: VolumeCapability = {
  accessType: { $case: 'mount', value: { fsType: '', mountFlags: [], volumeMountGroup: '' } },
  accessMode: { mode: Mode.SINGLE_NODE_WRITER },
};

interface Plugin {
  readonly controller: Client<typeof ControllerDefinition>;
  readonly node: Client<typeof NodeDefinition>;
}

const volumeCapabilities = [mountCapability];
const capacityRange = { requiredBytes: 1n << 30n, limitBytes: 0n };
/** Volumes have names that were never there, also of other clients before this one. */
const prefix = `bench-${process.pid}-${Date.now()}`;
let names = 0;

async function create({ controller }: Plugin): Promise<string> {
  const name = `${prefix}-${names++}`;
  const { volume } = await controller.createVolume({ name, volumeCapabilities, capacityRange });
  if (!volume?.volumeId) throw new Error('CreateVolume gave no volume');
  return volume.volumeId;
}

/** All that Kubernetes does with a volume and one pod, in its order; a lap is one call. */
export function lifeCycle(plugin: Plugin, targetFolder: string): Operation {
  const { controller, node } = plugin;
  return async (lap) => {
    const volumeId = await create(plugin);
    lap();
    await controller.controllerPublishVolume({ volumeId, nodeId: NODE_ID, volumeCapability: mountCapability });
    lap();
    const stagingTargetPath = path.join(targetFolder, `${volumeId}-staging`);
    await node.nodeStageVolume({ volumeId, stagingTargetPath, volumeCapability: mountCapability });
    lap();
    const targetPath = path.join(targetFolder, volumeId);
    await node.nodePublishVolume({ volumeId, stagingTargetPath, targetPath, volumeCapability: mountCapability });
    lap();
    await node.nodeUnpublishVolume({ volumeId, targetPath });
    lap();
    await node.nodeUnstageVolume({ volumeId, stagingTargetPath });
    lap();
    await controller.controllerUnpublishVolume({ volumeId, nodeId: NODE_ID });
    lap();
    await controller.deleteVolume({ volumeId });
    lap();
  };
}

/** Creates a volume, which is the lap, and deletes it again, so that there are always as many. */
export function createOne(plugin: Plugin): Operation {
  return async (lap) => {
    const volumeId = await create(plugin);
    lap();
    await plugin.controller.deleteVolume({ volumeId });
  };
}

/** Walks through all volumes, from page to page; a lap is a page. */
export function listPages({ controller }: Plugin, maxEntries: number): Operation {
  return async (lap) => {
    let startingToken = '';
    do {
      const { entries, nextToken } = await controller.listVolumes({ maxEntries, startingToken });
      if (entries.length !== maxEntries) throw new Error(`a page has ${entries.length} volumes, not ${maxEntries}`);
      lap();
      startingToken = nextToken;
    } while (startingToken !== '');
  };
}

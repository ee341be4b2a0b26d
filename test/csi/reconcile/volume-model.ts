import {
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  NodeServiceCapability_RPC_Type as NodeRpc,
} from '../../../gen/csi/v1/csi.js';
import type { VolumeOperation } from '../../../src/csi/reconcile/operation.js';
import type { PluginFacts } from '../../../src/csi/reconcile/plugin-facts.js';
import { sameValue } from '../../../src/csi/reconcile/same-value.js';
import type { Creation } from '../../../src/csi/reconcile/volume-state.js';
import type { VolumeAnswer } from '../../../src/csi/reconcile/volume-transitions.js';

/** A plugin that can all. */
export const ablePlugin: PluginFacts = {
  name: 'model',
  nodeId: 'here',
  volumeExpansion: 'online',
  controller: [
    ...[ControllerRpc.CREATE_DELETE_VOLUME, ControllerRpc.PUBLISH_UNPUBLISH_VOLUME, ControllerRpc.PUBLISH_READONLY],
    ...[ControllerRpc.EXPAND_VOLUME, ControllerRpc.MODIFY_VOLUME, ControllerRpc.CREATE_DELETE_SNAPSHOT],
  ],
  node: [NodeRpc.STAGE_UNSTAGE_VOLUME, NodeRpc.EXPAND_VOLUME],
};

export interface ModelVolume {
  readonly id: string;
  readonly creation: Creation;
  bytes: bigint;
  parameters: { [key: string]: string };
  readonly attached: Map<string, boolean>;
  readonly staged: Set<string>;
  readonly targets: Map<string, boolean>;
  grows: boolean;
}

/** What a plugin does that keeps CSI's rules, to one name. It throws where a CO breaks them. */
export class VolumeModel {
  volume: ModelVolume | undefined;
  readonly made: string[] = [];

  do(operation: VolumeOperation): VolumeAnswer {
    if (operation.method === 'createVolume') return this.#create(operation.creation);
    if (operation.method === 'deleteVolume') {
      const { attached, staged, targets } = this.volume ?? { attached: [], staged: [], targets: [] };
      if ([...attached, ...staged, ...targets].length > 0) throw new Error('deleted while it is used');
      this.volume = undefined;
      return {};
    }
    if (operation.method === 'forget') return {};
    const volume = this.volume;
    if (volume === undefined) throw new Error(`${operation.method} of a volume that is not there`);
    switch (operation.method) {
      case 'controllerExpandVolume':
        if (operation.requiredBytes > volume.bytes) volume.bytes = operation.requiredBytes;
        volume.grows = true;
        return { capacityBytes: volume.bytes, nodeExpansionRequired: true };
      case 'controllerModifyVolume':
        volume.parameters = { ...volume.parameters, ...operation.mutableParameters };
        return {};
      case 'controllerPublishVolume': {
        const before = volume.attached.get(operation.node);
        if (before !== undefined && before !== operation.readonly) throw new Error('attached in another way');
        volume.attached.set(operation.node, operation.readonly);
        return { publishContext: { on: operation.node } };
      }
      case 'controllerUnpublishVolume':
        if (operation.node === 'here' && volume.staged.size > 0) throw new Error('detached while it is staged');
        volume.attached.delete(operation.node);
        return {};
      case 'nodeStageVolume':
        if (!volume.attached.has(operation.node)) throw new Error('staged and not attached');
        volume.staged.add(operation.path);
        if (volume.staged.size > 1) throw new Error('staged twice');
        return {};
      case 'nodeUnstageVolume':
        if (volume.targets.size > 0) throw new Error('unstaged while it is published');
        volume.staged.delete(operation.path);
        return {};
      case 'nodePublishVolume': {
        if (!volume.staged.has(operation.staging!)) throw new Error('published and not staged');
        const before = volume.targets.get(operation.path);
        if (before !== undefined && before !== operation.readonly) throw new Error('published in another way');
        volume.targets.set(operation.path, operation.readonly);
        return {};
      }
      case 'nodeUnpublishVolume':
        volume.targets.delete(operation.path);
        return {};
      case 'nodeExpandVolume':
        if (!volume.targets.has(operation.path)) throw new Error('grown where it is not');
        volume.grows = false;
        return {};
    }
  }

  #create(creation: Creation): VolumeAnswer {
    if (this.volume === undefined) {
      const id = `volume-${this.made.length}`;
      this.made.push(id);
      const { requiredBytes: bytes, mutableParameters } = creation;
      const uses = { attached: new Map(), staged: new Set<string>(), targets: new Map() };
      this.volume = { id, creation, bytes, parameters: { ...mutableParameters }, ...uses, grows: false };
    }
    const { id: volumeId, bytes: capacityBytes, creation: first } = this.volume;
    if (!sameValue(first, creation)) throw new Error('created again with other parameters');
    return { volume: { volumeId, capacityBytes, volumeContext: {}, contentSource: undefined, accessibleTopology: [] } };
  }
}

import { isDeepStrictEqual } from 'node:util';
import { Code } from '../../../rpc/code.js';
import { RpcError } from '../../../rpc/rpc-error.js';
import type { Check } from '../check.js';
import { equal, holds } from '../expectations.js';
import type { Trial } from '../trial.js';

/** "GetPluginInfo": like a domain, 63 characters at most. */
const DRIVER_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const MAP_BYTES = 4096;

/** csi.v1.Identity, and what the services say of themselves. */
export const identityChecks: readonly Check[] = [
  {
    name: 'identity/the-name-is-like-a-domain',
    needs: [],
    async run({ identity }) {
      const { name } = await identity.getPluginInfo({});
      holds(DRIVER_NAME.test(name), 'a name of at most 63 letters, digits, dots, dashes and underscores', name);
    },
  },
  {
    name: 'identity/the-version-is-there',
    needs: [],
    async run({ identity }) {
      const { vendorVersion } = await identity.getPluginInfo({});
      holds(vendorVersion !== '', 'a vendor_version', 'none');
    },
  },
  {
    name: 'identity/the-manifest-is-small',
    needs: [],
    async run({ identity }) {
      const { manifest } = await identity.getPluginInfo({});
      const bytes = Buffer.byteLength(Object.entries(manifest).flat().join(''));
      holds(bytes <= MAP_BYTES, `a manifest of at most ${MAP_BYTES} bytes`, `${bytes} bytes`);
    },
  },
  {
    name: 'identity/it-is-ready',
    needs: [],
    async run({ identity }) {
      const { ready } = await identity.probe({});
      holds(ready !== false, 'Probe to say that the plugin is ready', 'ready: false');
    },
  },
  {
    name: 'identity/it-says-the-same-again',
    needs: [],
    async run({ identity }) {
      const ask = async () => [await identity.getPluginInfo({}), await identity.getPluginCapabilities({})];
      const [first, second] = [await ask(), await ask()];
      holds(isDeepStrictEqual(first, second), 'the same answers when it is asked again', { first, second });
    },
  },
  {
    name: 'identity/plugin-capabilities-are-known-and-told-once',
    needs: [],
    async run({ identity }) {
      const { capabilities } = await identity.getPluginCapabilities({});
      toldOnce(capabilities.map(({ type }) => (type === undefined ? 'none' : `${type.$case} ${type.value.type}`)));
    },
  },
  {
    name: 'controller/capabilities-are-known-and-told-once',
    needs: ['service CONTROLLER_SERVICE'],
    async run({ controller }) {
      const { capabilities } = await controller.controllerGetCapabilities({});
      toldOnce(capabilities.map(({ type }) => (type === undefined ? 'none' : `rpc ${type.value.type}`)));
    },
  },
  {
    name: 'node/capabilities-are-known-and-told-once',
    needs: ['node'],
    async run({ node }) {
      const { capabilities } = await node.nodeGetCapabilities({});
      toldOnce(capabilities.map(({ type }) => (type === undefined ? 'none' : `rpc ${type.value.type}`)));
    },
  },
  {
    name: 'group/capabilities-are-known-and-told-once',
    needs: ['service GROUP_CONTROLLER_SERVICE'],
    async run({ groupController }) {
      const { capabilities } = await groupController.groupControllerGetCapabilities({});
      toldOnce(capabilities.map(({ type }) => (type === undefined ? 'none' : `rpc ${type.value.type}`)));
    },
  },
  {
    name: 'controller/what-is-advertised-is-there',
    needs: ['service CONTROLLER_SERVICE'],
    async run(trial) {
      const { controller } = trial;
      await areThere(trial, [
        ['controller CREATE_DELETE_VOLUME', () => controller.createVolume({})],
        ['controller CREATE_DELETE_VOLUME', () => controller.deleteVolume({})],
        ['controller PUBLISH_UNPUBLISH_VOLUME', () => controller.controllerPublishVolume({})],
        ['controller PUBLISH_UNPUBLISH_VOLUME', () => controller.controllerUnpublishVolume({})],
        ['controller LIST_VOLUMES', () => controller.listVolumes({})],
        ['controller GET_CAPACITY', () => controller.getCapacity({})],
        ['controller CREATE_DELETE_SNAPSHOT', () => controller.createSnapshot({})],
        ['controller CREATE_DELETE_SNAPSHOT', () => controller.deleteSnapshot({})],
        ['controller LIST_SNAPSHOTS', () => controller.listSnapshots({})],
        ['controller GET_SNAPSHOT', () => controller.getSnapshot({})],
        ['controller EXPAND_VOLUME', () => controller.controllerExpandVolume({})],
        ['controller GET_VOLUME', () => controller.controllerGetVolume({})],
        ['controller MODIFY_VOLUME', () => controller.controllerModifyVolume({})],
        ['controller GET_VOLUME_HEALTH', () => controller.controllerGetVolumeHealth({})],
        ['controller LIST_VOLUME_HEALTH', () => controller.controllerListVolumeHealth({})],
        ['service CONTROLLER_SERVICE', () => controller.validateVolumeCapabilities({})],
      ]);
    },
  },
  {
    name: 'node/what-is-advertised-is-there',
    needs: ['node'],
    async run(trial) {
      const { node } = trial;
      await areThere(trial, [
        ['node', () => node.nodePublishVolume({})],
        ['node', () => node.nodeUnpublishVolume({})],
        ['node STAGE_UNSTAGE_VOLUME', () => node.nodeStageVolume({})],
        ['node STAGE_UNSTAGE_VOLUME', () => node.nodeUnstageVolume({})],
        ['node GET_VOLUME_STATS', () => node.nodeGetVolumeStats({})],
        ['node EXPAND_VOLUME', () => node.nodeExpandVolume({})],
        ['node GET_VOLUME_HEALTH', () => node.nodeGetVolumeHealth({})],
        ['node GET_STORAGE_HEALTH', () => node.nodeGetStorageHealth({})],
      ]);
    },
  },
  {
    name: 'node/single-writers-are-known-on-both-sides',
    needs: ['controller SINGLE_NODE_MULTI_WRITER', 'node'],
    async run(trial) {
      const known = trial.has('node SINGLE_NODE_MULTI_WRITER');
      holds(known, 'SINGLE_NODE_MULTI_WRITER on the node as on the controller', 'that the node does not advertise it');
    },
  },
  {
    name: 'node/it-says-who-it-is',
    needs: ['node'],
    async run({ node }) {
      const first = await node.nodeGetInfo({});
      const { nodeId, maxVolumesPerNode } = first;
      const bytes = Buffer.byteLength(nodeId);
      holds(bytes > 0 && bytes <= 256, 'a node_id of 1 to 256 bytes', `${bytes} bytes`);
      holds(maxVolumesPerNode >= 0n, 'max_volumes_per_node that is not negative', String(maxVolumesPerNode));
      equal(await node.nodeGetInfo({}), first, 'the same answer when it is asked again');
    },
  },
  {
    name: 'node/its-place-is-told-in-valid-segments',
    needs: ['node', 'topology'],
    async run({ node }) {
      const { accessibleTopology } = await node.nodeGetInfo({});
      const segments = Object.entries(accessibleTopology?.segments ?? {});
      holds(segments.length > 0, 'accessible_topology, as VOLUME_ACCESSIBILITY_CONSTRAINTS is advertised', 'none');
      const keys = segments.map(([key]) => key.toLowerCase());
      holds(new Set(keys).size === keys.length, 'keys that differ in more than their case', keys);
      for (const [key, value] of segments) {
        holds(
          /^([a-z0-9.-]{1,253}\/)?[a-z0-9]([a-z0-9_.-]{0,61}[a-z0-9])?$/i.test(key),
          'a key like example.com/zone',
          key,
        );
        holds(/^[a-z0-9]([a-z0-9_.-]{0,61}[a-z0-9])?$/i.test(value), 'a value of at most 63 characters', value);
      }
    },
  },
];

function toldOnce(capabilities: readonly string[]): void {
  const twice = capabilities.filter((one, index) => capabilities.indexOf(one) !== index);
  holds(twice.length === 0, 'each capability once', twice.join(', '));
  const unknown = capabilities.filter((one) => / (0|-1)$|^none$/.test(one));
  holds(unknown.length === 0, 'capabilities with a type', unknown.join(', '));
}

type Probe = readonly [need: Parameters<Trial['has']>[0], call: () => Promise<unknown>];

/** Requests are empty, and most are refused: by a method that is there. */
async function areThere(trial: Trial, probes: readonly Probe[]): Promise<void> {
  for (const [need, call] of probes) {
    if (!trial.has(need)) continue;
    await call().catch((error: unknown) => {
      if (!(error instanceof RpcError)) throw error;
      holds(error.code !== Code.UNIMPLEMENTED, `a plugin that advertises ${need} to implement it`, error.message);
    });
  }
}

import { checkOptionNames } from '../../options/check-option-names.js';
import { commonPluginOptionNames } from '../plugin/check-plugin-options.js';
import { createPlugin, type Plugin, type PluginOptions } from '../plugin/create-plugin.js';
import type { PluginFeatures } from '../plugin/plugin-capabilities.js';
import type { PluginHandlers } from '../plugin/plugin-handlers.js';
import { hostPathOptionNames } from './check-host-path-options.js';
import { controllerHandlers } from './controller/controller-handlers.js';
import { groupControllerHandlers } from './group-controller/group-controller-handlers.js';
import { HostPath } from './host-path.js';
import type { HostPathOptions } from './host-path-options.js';
import { nodeHandlers } from './node/node-handlers.js';
import { snapshotMetadataHandlers } from './snapshot-metadata/snapshot-metadata-handlers.js';

/** What a host-path plugin is made of, and the options that every plugin has. */
export type HostPathPluginOptions = HostPathOptions &
  Partial<Omit<PluginOptions, keyof PluginHandlers | 'features' | 'capabilities'>>;

/** A host-path plugin. When the plugin is shut down its records are closed too, and copies that still run end. */
export interface HostPathPlugin extends AsyncDisposable {
  readonly plugin: Plugin;
  /** Lets open calls end, within the grace, and resolves when the records are closed. */
  close(): Promise<void>;
}

/**
 * A CSI plugin that keeps volumes as folders and sparse files of this machine: for tests, for development, and for a node
 * that has nothing better.
 *
 *     const { plugin } = await createHostPathPlugin({ stateFolder: '/var/lib/csi-hostpath', nodeId: hostname() });
 *     await plugin.listen();
 *
 * Rejects when the state folder cannot be used or is in use by another process, with TypeError or RangeError for options that
 * nobody reads or that cannot be, or when lmdb, in which records are kept, is not installed.
 *
 * @param options name: default `hostpath.csi.podwire`; version: default `0`.
 */
export async function createHostPathPlugin(options: HostPathPluginOptions): Promise<HostPathPlugin> {
  checkOptionNames('createHostPathPlugin', options, { ...hostPathOptionNames, ...commonPluginOptionNames });
  const hostPath = await HostPath.open(options);
  const features: PluginFeatures = {
    cloneVolume: true,
    publishReadonly: true,
    listVolumesPublishedNodes: true,
    singleNodeMultiWriter: true,
    accessibilityConstraints: options.topology !== undefined,
    snapshotAccessibilityConstraints: options.topology !== undefined,
    volumeExpansion: 'online',
  };
  const { stateFolder, nodeId, capacity, topology, maxVolumesPerNode, mutableParameters, mounts, ...others } = options;
  const { name = 'hostpath.csi.podwire', version = '0' } = others;
  try {
    const plugin = createPlugin({
      ...others,
      name,
      version,
      features,
      controller: controllerHandlers(hostPath),
      groupController: groupControllerHandlers(hostPath),
      snapshotMetadata: snapshotMetadataHandlers(hostPath),
      node: nodeHandlers(hostPath),
    });
    // However the plugin is shut down, also by a signal: copies that still run would keep the process from its end.
    const closed = plugin.server.closed.then(() => hostPath.close());
    const close = async (): Promise<void> => {
      await plugin.close();
      await closed;
    };
    return { plugin, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await hostPath.close();
    throw error;
  }
}

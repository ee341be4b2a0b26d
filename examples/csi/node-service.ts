import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { type NodeDefinition, NodeServiceCapability_RPC_Type as Rpc } from '../../gen/csi/v1/csi.js';
// Outside this repository: from 'podwire'.
import { Code, RpcError, type ServiceImplementation } from '../../src/index.js';
import type { DirectoryVolumes } from './directory-volumes.js';
import { invalidArgument } from './invalid-argument.js';
import { makeLink, removeLink } from './link.js';
import { requiredCapabilities } from './required-capabilities.js';
import { requiredPath } from './required-path.js';
import { requiredText } from './required-text.js';
import type { VolumeRecord } from './volume-record.js';

/**
 * The handlers of csi.v1.Node. Links stand for mounts: staging puts one to the volume into the staging folder, publishing
 * one to that at the target path. The record is written before a link is made and after it was removed, so that a
 * repeated call finishes what a crash left half done.
 */
export function nodeService(volumes: DirectoryVolumes, nodeId: string): Partial<ServiceImplementation<NodeDefinition>> {
  /** Runs `action` in the volume's turn. @throws RpcError NOT_FOUND */
  const withVolume = async (volumeId: string, action: (record: VolumeRecord) => Promise<void>): Promise<object> => {
    requiredText('volume_id', volumeId);
    await volumes.inTurn(volumeId, async () => {
      const record = volumes.get(volumeId);
      if (record === undefined) throw new RpcError(Code.NOT_FOUND, `there is no volume ${volumeId}`);
      await action(record);
    });
    return {};
  };

  const recordAndLink = async (after: VolumeRecord, before: VolumeRecord, path: string, target: string) => {
    await volumes.update(after);
    try {
      await makeLink(path, target);
    } catch (error) {
      await volumes.update(before);
      throw error;
    }
  };

  return {
    async nodeGetInfo() {
      return { nodeId };
    },

    async nodeGetCapabilities() {
      return { capabilities: [{ type: { $case: 'rpc', value: { type: Rpc.STAGE_UNSTAGE_VOLUME } } }] };
    },

    async nodeStageVolume({ volumeId, stagingTargetPath, volumeCapability }) {
      const stagedAt = await stagingFolder(stagingTargetPath, volumes.root);
      requiredCapabilities('volume_capability', [volumeCapability]);
      return withVolume(volumeId, async (record) => {
        if (record.stagedAt !== undefined && record.stagedAt !== stagedAt) {
          throw new RpcError(Code.FAILED_PRECONDITION, `${volumeId} is staged at ${record.stagedAt}`);
        }
        await recordAndLink({ ...record, stagedAt }, record, stagingLink(stagedAt), volumes.dataFolderOf(volumeId));
      });
    },

    async nodeUnstageVolume({ volumeId, stagingTargetPath }) {
      if (stagingTargetPath === '') throw invalidArgument('staging_target_path', 'is required');
      return withVolume(volumeId, async ({ stagedAt, ...record }) => {
        // Compared, not followed: only what was staged can be unstaged.
        if (stagedAt === undefined || stagedAt !== withoutSlash(stagingTargetPath)) return;
        if (record.publishedAt !== undefined) {
          throw new RpcError(Code.FAILED_PRECONDITION, `${volumeId} is published at ${record.publishedAt}`);
        }
        await removeLink(stagingLink(stagedAt), volumes.dataFolderOf(volumeId));
        await volumes.update(record);
      });
    },

    async nodePublishVolume({ volumeId, stagingTargetPath, targetPath, volumeCapability, readonly }) {
      if (stagingTargetPath === '') throw invalidArgument('staging_target_path', 'is required');
      const publishedAt = await requiredPath('target_path', targetPath, volumes.root);
      requiredCapabilities('volume_capability', [volumeCapability]);
      if (readonly) throw invalidArgument('readonly', 'a link cannot be read-only');
      return withVolume(volumeId, async (record) => {
        const { stagedAt } = record;
        if (stagedAt === undefined || stagedAt !== withoutSlash(stagingTargetPath)) {
          throw new RpcError(Code.FAILED_PRECONDITION, `${volumeId} is not staged at ${stagingTargetPath}`);
        }
        // SINGLE_NODE_WRITER allows one target at a time.
        if (record.publishedAt !== undefined && record.publishedAt !== publishedAt) {
          throw new RpcError(Code.FAILED_PRECONDITION, `${volumeId} is published at ${record.publishedAt}`);
        }
        await recordAndLink({ ...record, publishedAt }, record, publishedAt, stagingLink(stagedAt));
      });
    },

    async nodeUnpublishVolume({ volumeId, targetPath }) {
      if (targetPath === '') throw invalidArgument('target_path', 'is required');
      return withVolume(volumeId, async ({ publishedAt, ...record }) => {
        if (publishedAt === undefined || publishedAt !== withoutSlash(targetPath)) return;
        await removeLink(publishedAt, stagingLink(record.stagedAt!));
        await volumes.update(record);
      });
    },
  };
}

/** The CO makes the staging folder and owns it; the volume appears as an entry in it. */
async function stagingFolder(path: string, volumesRoot: string): Promise<string> {
  const folder = await requiredPath('staging_target_path', path, volumesRoot);
  const found = await lstat(folder).catch(() => undefined);
  // A symlink could lead into the plugin's own folder.
  if (found?.isDirectory()) return folder;
  throw invalidArgument('staging_target_path', `${folder} must be a folder that exists`);
}

function stagingLink(stagedAt: string): string {
  return join(stagedAt, 'volume');
}

function withoutSlash(path: string): string {
  return path.replace(/\/$/, '');
}

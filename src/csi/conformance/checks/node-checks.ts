import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VolumeCapability_AccessMode_Mode as Mode, VolumeUsage_Unit as Unit } from '../../../../gen/csi/v1/csi.js';
import { Code } from '../../../rpc/code.js';
import type { Check, Need } from '../check.js';
import { equal, holds, refused } from '../expectations.js';
import { requireFields } from '../require-fields.js';

const { NOT_FOUND, FAILED_PRECONDITION, ALREADY_EXISTS } = Code;
const AGAIN = 5;

const publishes: readonly Need[] = ['node', 'controller CREATE_DELETE_VOLUME'];
const stages: readonly Need[] = ['node STAGE_UNSTAGE_VOLUME', 'controller CREATE_DELETE_VOLUME'];

/** csi.v1.Node: what happens to volumes where they are used. */
export const nodeChecks: readonly Check[] = [
  {
    name: 'node/a-volume-is-staged-and-unstaged-again-and-again',
    needs: stages,
    async run(trial) {
      const volume = await trial.createVolume();
      const request = await trial.stageRequest(volume, await trial.attach(volume));
      for (let again = 0; again < AGAIN; again++) await trial.node.nodeStageVolume(request);
      const { volumeId, stagingTargetPath } = request;
      for (let again = 0; again < AGAIN; again++) await trial.node.nodeUnstageVolume({ volumeId, stagingTargetPath });
    },
  },
  {
    name: 'node/an-unknown-volume-is-not-staged',
    needs: stages,
    async run(trial) {
      const volume = await trial.createVolume();
      const request = await trial.stageRequest(volume, await trial.attach(volume));
      const call = trial.node.nodeStageVolume({ ...request, volumeId: trial.strangerId() });
      await refused(call, 'an unknown volume_id', NOT_FOUND);
    },
  },
  {
    name: 'node/stage-volume-wants-its-required-fields',
    needs: stages,
    async run(trial) {
      const volume = await trial.createVolume();
      await requireFields(trial.node.nodeStageVolume, await trial.stageRequest(volume, await trial.attach(volume)), {
        volume_id: { volumeId: '' },
        staging_target_path: { stagingTargetPath: '' },
        volume_capability: { volumeCapability: undefined },
      });
    },
  },
  {
    name: 'node/unstage-volume-wants-its-required-fields',
    needs: stages,
    async run(trial) {
      const request = { volumeId: trial.strangerId(), stagingTargetPath: await trial.stagingPath() };
      await requireFields(trial.node.nodeUnstageVolume, request, {
        volume_id: { volumeId: '' },
        staging_target_path: { stagingTargetPath: '' },
      });
    },
  },
  {
    name: 'node/a-volume-is-published-and-unpublished-again-and-again',
    needs: publishes,
    async run(trial) {
      const request = await trial.publishRequest(await trial.createVolume());
      for (let again = 0; again < AGAIN; again++) await trial.node.nodePublishVolume(request);
      const { volumeId, targetPath } = request;
      holds(await exists(targetPath), 'target_path to be there when the volume is published', 'nothing there');
      for (let again = 0; again < AGAIN; again++) await trial.node.nodeUnpublishVolume({ volumeId, targetPath });
    },
  },
  {
    name: 'node/the-target-path-is-removed',
    needs: publishes,
    async run(trial) {
      const { volumeId, targetPath } = await trial.publish(await trial.createVolume());
      await trial.node.nodeUnpublishVolume({ volumeId, targetPath });
      holds(!(await exists(targetPath)), 'target_path to be gone when the volume is unpublished', 'that it is there');
    },
  },
  {
    name: 'node/what-was-written-is-there-again',
    needs: [...publishes, 'mount volumes'],
    async run(trial) {
      const volume = await trial.createVolume();
      const request = await trial.publish(volume);
      const { volumeId, targetPath } = request;
      await writeFile(join(targetPath, 'file'), volumeId);
      await trial.node.nodeUnpublishVolume({ volumeId, targetPath });
      await trial.node.nodePublishVolume(request);
      equal(await readFile(join(targetPath, 'file'), 'utf8').catch(String), volumeId, 'what was written before');
    },
  },
  {
    name: 'node/volumes-do-not-share-their-content',
    needs: [...publishes, 'mount volumes'],
    async run(trial) {
      const one = await trial.publish(await trial.createVolume());
      const other = await trial.publish(await trial.createVolume());
      await writeFile(join(one.targetPath, 'file'), 'content');
      holds(!(await exists(join(other.targetPath, 'file'))), 'a file in one volume alone', 'it in another one, too');
    },
  },
  {
    name: 'node/a-snapshot-keeps-what-was-written-before-it',
    needs: [...publishes, 'mount volumes', 'controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const volume = await trial.createVolume();
      const { volumeId, targetPath } = await trial.publish(volume);
      await writeFile(join(targetPath, 'file'), 'before');
      const { snapshotId } = await trial.createSnapshot(volumeId);
      await writeFile(join(targetPath, 'file'), 'behind');
      const type = { $case: 'snapshot', value: { snapshotId } } as const;
      const restored = await trial.createVolume({ volumeContentSource: { type } });
      const published = await trial.publish(restored);
      const content = await readFile(join(published.targetPath, 'file'), 'utf8').catch(String);
      equal(content, 'before', 'what the volume had when the snapshot was made');
      await trial.node.nodeUnpublishVolume({ volumeId: restored.volumeId, targetPath: published.targetPath });
    },
  },
  {
    name: 'node/an-unknown-volume-is-not-published',
    needs: publishes,
    async run(trial) {
      const request = await trial.publishRequest(await trial.createVolume());
      const call = trial.node.nodePublishVolume({ ...request, volumeId: trial.strangerId() });
      const codes = trial.has('node STAGE_UNSTAGE_VOLUME') ? [NOT_FOUND, FAILED_PRECONDITION] : [NOT_FOUND];
      await refused(call, 'an unknown volume_id', ...codes);
    },
  },
  {
    name: 'node/a-volume-that-is-not-staged-is-not-published',
    needs: stages,
    async run(trial) {
      const volume = await trial.createVolume();
      const staged = await trial.stageRequest(volume, await trial.attach(volume));
      const { secrets, ...request } = { ...staged, targetPath: trial.targetPath() };
      await refused(trial.node.nodePublishVolume(request), 'a volume that is not staged', FAILED_PRECONDITION);
    },
  },
  {
    name: 'node/a-target-is-not-published-in-two-ways',
    needs: publishes,
    async run(trial) {
      const request = await trial.publish(await trial.createVolume());
      const call = trial.node.nodePublishVolume({ ...request, readonly: true });
      await refused(call, 'readonly, where the volume is published to write', ALREADY_EXISTS);
    },
  },
  {
    name: 'node/a-single-writer-has-one-target',
    needs: [...publishes, 'node SINGLE_NODE_MULTI_WRITER'],
    async run(trial) {
      const volumeCapabilities = [trial.capability(Mode.SINGLE_NODE_SINGLE_WRITER)];
      const volume = await trial.createVolume({ volumeCapabilities });
      const request = await trial.publish(volume, {}, Mode.SINGLE_NODE_SINGLE_WRITER);
      const call = trial.node.nodePublishVolume({ ...request, targetPath: trial.targetPath() });
      await refused(call, 'a second target of SINGLE_NODE_SINGLE_WRITER', FAILED_PRECONDITION);
    },
  },
  {
    name: 'node/publish-volume-wants-its-required-fields',
    needs: publishes,
    async run(trial) {
      await requireFields(trial.node.nodePublishVolume, await trial.publishRequest(await trial.createVolume()), {
        volume_id: { volumeId: '' },
        target_path: { targetPath: '' },
        volume_capability: { volumeCapability: undefined },
      });
    },
  },
  {
    name: 'node/unpublish-volume-wants-its-required-fields',
    needs: ['node'],
    async run(trial) {
      const request = { volumeId: trial.strangerId(), targetPath: trial.targetPath() };
      await requireFields(trial.node.nodeUnpublishVolume, request, {
        volume_id: { volumeId: '' },
        target_path: { targetPath: '' },
      });
    },
  },
  {
    name: 'node/usage-is-told',
    needs: [...publishes, 'node GET_VOLUME_STATS'],
    async run(trial) {
      const { volumeId, targetPath: volumePath } = await trial.publish(await trial.createVolume());
      const { usage } = await trial.node.nodeGetVolumeStats({ volumeId, volumePath });
      holds(usage.length > 0, 'usage', 'none');
      const units = usage.map(({ unit }) => unit);
      holds(new Set(units).size === units.length, 'one entry for each unit', units);
      for (const { unit, total, used, available } of usage) {
        holds(unit === Unit.BYTES || unit === Unit.INODES, 'a unit', unit);
        holds(total >= 0n && used >= 0n && available >= 0n, 'numbers that are not negative', {
          total,
          used,
          available,
        });
        holds(used <= total || total === 0n, 'no more used than there is', { total, used });
      }
    },
  },
  {
    name: 'node/usage-of-what-is-not-there-is-not-found',
    needs: [...publishes, 'node GET_VOLUME_STATS'],
    async run(trial) {
      const { volumeId, targetPath: volumePath } = await trial.publish(await trial.createVolume());
      const stranger = trial.node.nodeGetVolumeStats({ volumeId: trial.strangerId(), volumePath });
      await refused(stranger, 'an unknown volume_id', NOT_FOUND);
      const elsewhere = trial.node.nodeGetVolumeStats({ volumeId, volumePath: trial.targetPath() });
      await refused(elsewhere, 'a volume_path where the volume is not', NOT_FOUND);
    },
  },
  {
    name: 'node/get-volume-stats-wants-its-required-fields',
    needs: ['node GET_VOLUME_STATS'],
    async run(trial) {
      const request = { volumeId: trial.strangerId(), volumePath: trial.targetPath() };
      await requireFields(trial.node.nodeGetVolumeStats, request, {
        volume_id: { volumeId: '' },
        volume_path: { volumePath: '' },
      });
    },
  },
  {
    name: 'node/a-volume-grows-where-it-is-used',
    needs: [...publishes, 'node EXPAND_VOLUME', 'controller EXPAND_VOLUME'],
    async run(trial) {
      const { volumeId, targetPath: volumePath, stagingTargetPath } = await trial.publish(await trial.createVolume());
      const capacityRange = { requiredBytes: 2n * trial.size, limitBytes: 0n };
      const expand = { volumeId, capacityRange, secrets: trial.secrets('ControllerExpandVolume') };
      await trial.controller.controllerExpandVolume(expand);
      const request = { volumeId, volumePath, stagingTargetPath, capacityRange };
      for (let again = 0; again < 2; again++) {
        const { capacityBytes } = await trial.node.nodeExpandVolume(request);
        const enough = capacityBytes === 0n || capacityBytes >= 2n * trial.size;
        holds(enough, `at least ${2n * trial.size} bytes, or 0 for unknown`, String(capacityBytes));
      }
    },
  },
  {
    name: 'node/an-unknown-volume-does-not-grow',
    needs: [...publishes, 'node EXPAND_VOLUME'],
    async run(trial) {
      const { targetPath: volumePath } = await trial.publish(await trial.createVolume());
      const call = trial.node.nodeExpandVolume({ volumeId: trial.strangerId(), volumePath });
      await refused(call, 'an unknown volume_id', NOT_FOUND);
    },
  },
  {
    name: 'node/expand-volume-wants-its-required-fields',
    needs: ['node EXPAND_VOLUME'],
    async run(trial) {
      const request = { volumeId: trial.strangerId(), volumePath: trial.targetPath() };
      await requireFields(trial.node.nodeExpandVolume, request, {
        volume_id: { volumeId: '' },
        volume_path: { volumePath: '' },
      });
    },
  },
];

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

import { type VolumeHealth, VolumeHealthErrorType } from '../../../../gen/csi/v1/csi.js';
import { Code } from '../../../rpc/code.js';
import type { Check } from '../check.js';
import { equal, holds, refused } from '../expectations.js';
import { requireFields } from '../require-fields.js';

const { INVALID_ARGUMENT, NOT_FOUND, ABORTED } = Code;
const REASON = /^[A-Z][A-Za-z0-9]*$/;

/** What CSI 1.13 asks about the health of volumes and storage. */
export const healthChecks: readonly Check[] = [
  {
    name: 'health/a-new-volume-is-well',
    needs: ['controller GET_VOLUME_HEALTH', 'controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      const secrets = trial.secrets('ControllerGetVolumeHealth');
      const { volumeHealth } = await trial.controller.controllerGetVolumeHealth({ volumeId, secrets });
      well(volumeHealth, volumeId);
    },
  },
  {
    name: 'health/an-unknown-volume-is-not-found',
    needs: ['controller GET_VOLUME_HEALTH'],
    async run(trial) {
      const call = trial.controller.controllerGetVolumeHealth({ volumeId: trial.strangerId() });
      await refused(call, 'an unknown volume_id', NOT_FOUND);
    },
  },
  {
    name: 'health/get-volume-health-wants-its-required-fields',
    needs: ['controller GET_VOLUME_HEALTH'],
    async run(trial) {
      const request = { volumeId: trial.strangerId() };
      await requireFields(trial.controller.controllerGetVolumeHealth, request, { volume_id: { volumeId: '' } });
    },
  },
  {
    name: 'health/only-volumes-that-are-not-well-are-listed',
    needs: ['controller LIST_VOLUME_HEALTH', 'controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      const secrets = trial.secrets('ControllerListVolumeHealth');
      let pages = 0;
      for (let startingToken = ''; pages === 0 || startingToken !== ''; pages++) {
        const page = await trial.controller.controllerListVolumeHealth({ maxEntries: 100, startingToken, secrets });
        holds(page.entries.length <= 100, 'at most 100 entries', page.entries.length);
        for (const entry of page.entries) {
          holds(entry.volumeId !== volumeId, 'a new volume not to be among those that are not well', entry);
          holds(entry.healthStatuses.length > 0, 'what is wrong with each volume of the list', entry);
          described(entry);
        }
        startingToken = page.nextToken;
        holds(pages < 10_000, 'a last page', 'a next_token after each');
      }
    },
  },
  {
    name: 'health/an-unknown-token-is-aborted',
    needs: ['controller LIST_VOLUME_HEALTH'],
    async run({ controller }) {
      const call = controller.controllerListVolumeHealth({ startingToken: 'no-such-token' });
      await refused(call, 'a starting_token that the plugin never gave', ABORTED);
    },
  },
  {
    name: 'health/a-negative-number-of-entries-is-refused',
    needs: ['controller LIST_VOLUME_HEALTH'],
    async run({ controller }) {
      const call = controller.controllerListVolumeHealth({ maxEntries: -1 });
      await refused(call, 'max_entries of -1', INVALID_ARGUMENT);
    },
  },
  {
    name: 'health/a-new-volume-is-well-on-its-node',
    needs: ['node GET_VOLUME_HEALTH', 'controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const {
        volumeId,
        targetPath: volumePublishPath,
        stagingTargetPath,
      } = await trial.publish(await trial.createVolume());
      const request = { volumeId, volumePublishPath, stagingTargetPath };
      well((await trial.node.nodeGetVolumeHealth(request)).volumeHealth, volumeId);
    },
  },
  {
    name: 'health/an-unknown-volume-is-not-found-on-the-node',
    needs: ['node GET_VOLUME_HEALTH'],
    async run(trial) {
      const request = { volumeId: trial.strangerId(), volumePublishPath: trial.targetPath() };
      await refused(trial.node.nodeGetVolumeHealth(request), 'an unknown volume_id', NOT_FOUND);
    },
  },
  {
    name: 'health/node-get-volume-health-wants-its-required-fields',
    needs: ['node GET_VOLUME_HEALTH'],
    async run(trial) {
      const request = { volumeId: trial.strangerId(), volumePublishPath: trial.targetPath() };
      await requireFields(trial.node.nodeGetVolumeHealth, request, { volume_id: { volumeId: '' } });
    },
  },
  {
    name: 'health/what-is-wrong-with-the-storage-is-described',
    needs: ['node GET_STORAGE_HEALTH'],
    async run(trial) {
      const { backendHealth } = await trial.node.nodeGetStorageHealth({
        secrets: trial.secrets('NodeGetStorageHealth'),
      });
      for (const backend of backendHealth) {
        holds(backend.status > 0, 'a status that is known', backend);
        holds(REASON.test(backend.reason), 'a reason that is one CamelCase word', backend);
      }
    },
  },
];

function well(health: VolumeHealth | undefined, volumeId: string): void {
  holds(health !== undefined, 'a volume_health', 'none');
  equal(health.volumeId, volumeId, 'the volume that was asked for');
  described(health);
  const bad = health.healthStatuses.filter(({ status }) => status >= VolumeHealthErrorType.INACCESSIBLE);
  equal(bad, [], 'a new volume that can be used');
}

function described(health: VolumeHealth): void {
  for (const { status, reason } of health.healthStatuses) {
    holds(status > 0, 'a status that is known', health);
    holds(REASON.test(reason), 'a reason that is one CamelCase word', health);
  }
}

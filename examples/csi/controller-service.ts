import {
  type ControllerDefinition,
  ControllerServiceCapability_RPC_Type as Rpc,
  type Volume,
} from '../../gen/csi/v1/csi.js';
// Outside this repository: from 'podwire'.
import { Code, RpcError, type ServiceImplementation } from '../../src/index.js';
import { acceptedCapacity } from './accepted-capacity.js';
import { capabilityProblem } from './capability-problem.js';
import { DirectoryVolumes } from './directory-volumes.js';
import { invalidArgument } from './invalid-argument.js';
import { requiredCapabilities } from './required-capabilities.js';
import { requiredText } from './required-text.js';
import type { VolumeRecord } from './volume-record.js';

const LARGEST_PAGE = 1_000;

/**
 * The handlers of csi.v1.Controller. A directory needs no attaching, so ControllerPublishVolume is not offered.
 */
export function controllerService(volumes: DirectoryVolumes): Partial<ServiceImplementation<ControllerDefinition>> {
  const described = ({ id, capacityBytes }: VolumeRecord): Partial<Volume> => ({
    volumeId: id,
    capacityBytes,
    volumeContext: { folder: volumes.dataFolderOf(id) },
  });

  return {
    async controllerGetCapabilities() {
      const types = [Rpc.CREATE_DELETE_VOLUME, Rpc.LIST_VOLUMES, Rpc.GET_CAPACITY];
      return { capabilities: types.map((type) => ({ type: { $case: 'rpc', value: { type } } })) };
    },

    async createVolume({
      name,
      capacityRange,
      volumeCapabilities,
      parameters,
      mutableParameters,
      volumeContentSource,
    }) {
      requiredText('name', name);
      requiredCapabilities('volume_capabilities', volumeCapabilities);
      refuseKeys('parameters', parameters);
      refuseKeys('mutable_parameters', mutableParameters);
      if (volumeContentSource !== undefined) {
        throw invalidArgument('volume_content_source', 'volumes can only be made empty');
      }
      const accepted = acceptedCapacity(capacityRange);
      const id = DirectoryVolumes.idOf(name);
      return volumes.inTurn(id, async () => {
        const existing = volumes.get(id);
        if (existing !== undefined) {
          const { capacityBytes } = existing;
          const { requiredBytes, limitBytes = capacityBytes } = accepted;
          if (capacityBytes < requiredBytes || capacityBytes > limitBytes) {
            throw new RpcError(
              Code.ALREADY_EXISTS,
              `the volume ${JSON.stringify(name)} exists with ${capacityBytes} bytes`,
            );
          }
          return { volume: described(existing) };
        }
        const created = await volumes.create(name, accepted.chosenBytes);
        if (created === undefined) {
          throw new RpcError(
            Code.OUT_OF_RANGE,
            `capacity_range: ${accepted.chosenBytes} bytes are asked for, ${volumes.availableBytes} are left`,
          );
        }
        return { volume: described(created) };
      });
    },

    async deleteVolume({ volumeId }) {
      requiredText('volume_id', volumeId);
      await volumes.inTurn(volumeId, async () => {
        const record = volumes.get(volumeId);
        if (record === undefined) return; // deleted before, or never there: the same to the CO
        const usedAt = record.publishedAt ?? record.stagedAt;
        if (usedAt !== undefined) throw new RpcError(Code.FAILED_PRECONDITION, `${volumeId} is in use at ${usedAt}`);
        await volumes.delete(volumeId);
      });
      return {};
    },

    async validateVolumeCapabilities({ volumeId, volumeContext, volumeCapabilities, parameters, mutableParameters }) {
      requiredText('volume_id', volumeId);
      if (volumeCapabilities.length === 0) throw invalidArgument('volume_capabilities', 'is required');
      if (volumes.get(volumeId) === undefined) throw new RpcError(Code.NOT_FOUND, `there is no volume ${volumeId}`);
      const problem = volumeCapabilities.map(capabilityProblem).find((found) => found !== undefined);
      if (problem !== undefined) return { message: problem };
      if (Object.keys(parameters).length > 0 || Object.keys(mutableParameters).length > 0) {
        return { message: 'volumes have no parameters' };
      }
      return { confirmed: { volumeContext, volumeCapabilities } };
    },

    async listVolumes({ maxEntries, startingToken }) {
      if (maxEntries < 0) throw invalidArgument('max_entries', `is ${maxEntries}; it must not be negative`);
      // The token is the id of the last volume before the page: it holds when volumes come and go, that one too.
      if (startingToken !== '' && !DirectoryVolumes.isId(startingToken)) {
        throw new RpcError(Code.ABORTED, 'starting_token: not one of ours; start again without');
      }
      const rest = volumes.list().filter(({ id }) => id > startingToken);
      const page = rest.slice(0, maxEntries === 0 ? LARGEST_PAGE : Math.min(maxEntries, LARGEST_PAGE));
      return {
        entries: page.map((record) => ({ volume: described(record) })),
        nextToken: page.length < rest.length ? page.at(-1)!.id : '',
      };
    },

    async getCapacity({ volumeCapabilities, parameters }) {
      const possible =
        volumeCapabilities.every((capability) => capabilityProblem(capability) === undefined) &&
        Object.keys(parameters).length === 0;
      const availableCapacity = possible ? volumes.availableBytes : 0n;
      return { availableCapacity, maximumVolumeSize: availableCapacity };
    },
  };
}

/** Values may hold secrets: the message names the keys alone. */
function refuseKeys(field: string, map: { readonly [key: string]: string }): void {
  const keys = Object.keys(map);
  if (keys.length > 0) throw invalidArgument(field, `this plugin knows none, and got ${keys.join(', ')}`);
}

import type { CreateVolumeRequest } from '../../../../gen/csi/v1/csi.js';
import { Code } from '../../../rpc/code.js';
import type { Check } from '../check.js';
import { equal, holds, refused } from '../expectations.js';
import { requireFields } from '../require-fields.js';
import { Untestable } from '../untestable.js';

const { INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, OUT_OF_RANGE } = Code;
const AGAIN = 5;
const MOST_ATTACHED = 256n;

/** Volumes, as csi.v1.Controller makes, finds, changes and deletes them. */
export const volumeChecks: readonly Check[] = [
  {
    name: 'controller/a-volume-is-made',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const { capacityBytes, volumeId, contentSource } = await trial.createVolume();
      holds(Buffer.byteLength(volumeId) <= 128, 'a volume_id of at most 128 bytes', volumeId);
      const enough = capacityBytes === 0n || capacityBytes >= trial.size;
      holds(enough, `at least the ${trial.size} bytes of required_bytes, or 0 for unknown`, String(capacityBytes));
      holds(contentSource === undefined, 'no content_source for a volume that begins empty', { contentSource });
    },
  },
  {
    name: 'controller/a-volume-is-as-large-as-the-limit-allows',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const capacityRange = { requiredBytes: trial.size, limitBytes: trial.size };
      const { capacityBytes } = await trial.createVolume({ capacityRange });
      const fits = capacityBytes === 0n || capacityBytes === trial.size;
      holds(fits, `${trial.size} bytes, which are the least and the most`, String(capacityBytes));
    },
  },
  {
    name: 'controller/the-same-name-gives-the-same-volume',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const request = trial.volumeRequest();
      const { volumeId } = await trial.createVolume(request);
      for (let again = 0; again < AGAIN; again++) {
        equal((await trial.createVolume(request)).volumeId, volumeId, 'the volume_id of the first time');
      }
    },
  },
  {
    name: 'controller/another-name-gives-another-volume',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const [{ volumeId: one }, { volumeId: other }] = [await trial.createVolume(), await trial.createVolume()];
      holds(one !== other, 'another volume_id', one);
    },
  },
  {
    name: 'controller/the-same-name-with-another-size-is-refused',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const request = trial.volumeRequest({ capacityRange: { requiredBytes: trial.size, limitBytes: trial.size } });
      await trial.createVolume(request);
      const larger = { ...request, capacityRange: { requiredBytes: 2n * trial.size, limitBytes: 2n * trial.size } };
      await refused(trial.controller.createVolume(larger), 'a volume of that name with another size', ALREADY_EXISTS);
    },
  },
  {
    name: 'controller/a-volume-may-have-a-name-of-128-bytes',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const name = trial.name().padEnd(128, 'x');
      const { volumeId } = await trial.createVolume({ name });
      holds(Buffer.byteLength(volumeId) <= 128, 'a volume_id of at most 128 bytes', volumeId);
    },
  },
  {
    name: 'controller/names-that-differ-at-their-end-are-different',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const name = trial.name().padEnd(127, 'x');
      const { volumeId: one } = await trial.createVolume({ name: `${name}1` });
      const { volumeId: other } = await trial.createVolume({ name: `${name}2` });
      holds(one !== other, 'two volumes', `one volume_id for both: ${one}`);
    },
  },
  {
    name: 'controller/a-volume-may-have-any-name',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const id = trial.name();
      const names = [`../${id}`, `/${id}/./x`, `${id} ä 語 "quoted" 'x' $(y) %2e`, `${id}\t\n`, `-${id}`];
      const ids = new Set<string>();
      for (const name of names) ids.add((await trial.createVolume({ name })).volumeId);
      equal(ids.size, names.length, 'as many volumes as names');
    },
  },
  {
    name: 'controller/create-volume-wants-its-required-fields',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const { accessMode, accessType } = trial.capability();
      await requireFields(trial.controller.createVolume, trial.volumeRequest(), {
        name: { name: '' },
        volume_capabilities: { volumeCapabilities: [] },
        access_mode: { volumeCapabilities: [{ accessType, accessMode: undefined }] },
        access_type: { volumeCapabilities: [{ accessType: undefined, accessMode }] },
      });
    },
  },
  {
    name: 'controller/a-range-that-contradicts-itself-is-refused',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const capacityRange = { requiredBytes: 2n * trial.size, limitBytes: trial.size };
      const call = trial.controller.createVolume(trial.volumeRequest({ capacityRange }));
      await refused(call, 'a limit below what is required', INVALID_ARGUMENT, OUT_OF_RANGE);
    },
  },
  {
    name: 'controller/a-volume-is-deleted',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller GET_VOLUME'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      await trial.deleteVolume(volumeId);
      await refused(trial.controller.controllerGetVolume({ volumeId }), 'a volume that was deleted', NOT_FOUND);
    },
  },
  {
    name: 'controller/a-volume-is-deleted-twice',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      for (let again = 0; again < AGAIN; again++) await trial.deleteVolume(volumeId);
    },
  },
  {
    name: 'controller/a-volume-that-never-was-is-deleted',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      for (const id of [trial.strangerId(), '../x', 'x'.repeat(128)]) await trial.deleteVolume(id);
    },
  },
  {
    name: 'controller/a-name-is-free-when-its-volume-is-deleted',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const request = trial.volumeRequest();
      await trial.deleteVolume((await trial.createVolume(request)).volumeId);
      const capacityRange = { requiredBytes: 2n * trial.size, limitBytes: 0n };
      await trial.createVolume({ ...request, capacityRange });
    },
  },
  {
    name: 'controller/delete-volume-wants-its-required-fields',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const request = { volumeId: trial.strangerId(), secrets: trial.secrets('DeleteVolume') };
      await requireFields(trial.controller.deleteVolume, request, { volume_id: { volumeId: '' } });
    },
  },
  {
    name: 'controller/a-volume-is-made-of-a-volume',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller CLONE_VOLUME'],
    async run(trial) {
      const { volumeId: source } = await trial.createVolume();
      const request = trial.volumeRequest({ volumeContentSource: ofVolume(source) });
      const { volumeId, contentSource } = await trial.createVolume(request);
      equal(contentSource, ofVolume(source), 'content_source as it was asked for');
      equal((await trial.createVolume(request)).volumeId, volumeId, 'the same volume when it is asked for again');
      await trial.deleteVolume(volumeId);
    },
  },
  {
    name: 'controller/a-volume-of-an-unknown-volume-is-refused',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller CLONE_VOLUME'],
    async run(trial) {
      const volumeContentSource = ofVolume(trial.strangerId());
      const call = trial.controller.createVolume(trial.volumeRequest({ volumeContentSource }));
      await refused(call, 'a source that there is not', NOT_FOUND);
    },
  },
  {
    name: 'controller/a-volume-is-made-of-a-snapshot',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const { volumeId: source } = await trial.createVolume();
      const { snapshotId } = await trial.createSnapshot(source);
      const request = trial.volumeRequest({ volumeContentSource: ofSnapshot(snapshotId) });
      const { volumeId, contentSource } = await trial.createVolume(request);
      equal(contentSource, ofSnapshot(snapshotId), 'content_source as it was asked for');
      equal((await trial.createVolume(request)).volumeId, volumeId, 'the same volume when it is asked for again');
      await trial.deleteVolume(volumeId);
    },
  },
  {
    name: 'controller/the-same-name-with-another-source-is-refused',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const { volumeId: source } = await trial.createVolume();
      const [one, other] = [await trial.createSnapshot(source), await trial.createSnapshot(source)];
      const request = trial.volumeRequest({ volumeContentSource: ofSnapshot(one.snapshotId) });
      const { volumeId } = await trial.createVolume(request);
      const call = trial.controller.createVolume({ ...request, volumeContentSource: ofSnapshot(other.snapshotId) });
      await refused(call, 'a volume of that name of another snapshot', ALREADY_EXISTS);
      await trial.deleteVolume(volumeId);
    },
  },
  {
    name: 'controller/a-volume-of-an-unknown-snapshot-is-refused',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const volumeContentSource = ofSnapshot(trial.strangerId());
      const call = trial.controller.createVolume(trial.volumeRequest({ volumeContentSource }));
      await refused(call, 'a source that there is not', NOT_FOUND);
    },
  },
  {
    name: 'controller/what-a-volume-can-do-is-confirmed',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const { volumeId, volumeContext } = await trial.createVolume();
      const volumeCapabilities = [trial.capability()];
      const secrets = trial.secrets('ValidateVolumeCapabilities');
      const request = { volumeId, volumeContext, volumeCapabilities, secrets };
      const { confirmed, message } = await trial.controller.validateVolumeCapabilities(request);
      holds(confirmed !== undefined, 'that what the volume was made for is confirmed', message || 'nothing confirmed');
      equal(confirmed.volumeCapabilities, volumeCapabilities, 'confirmed.volume_capabilities as they were asked for');
    },
  },
  {
    name: 'controller/what-an-unknown-volume-can-do-is-refused',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const request = { volumeId: trial.strangerId(), volumeCapabilities: [trial.capability()] };
      await refused(trial.controller.validateVolumeCapabilities(request), 'an unknown volume_id', NOT_FOUND);
    },
  },
  {
    name: 'controller/validate-volume-capabilities-wants-its-required-fields',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      const request = { volumeId, volumeCapabilities: [trial.capability()] };
      await requireFields(trial.controller.validateVolumeCapabilities, request, {
        volume_id: { volumeId: '' },
        volume_capabilities: { volumeCapabilities: [] },
      });
    },
  },
  {
    name: 'controller/a-volume-is-found',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller GET_VOLUME'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      const { volume, status } = await trial.controller.controllerGetVolume({ volumeId });
      equal(volume?.volumeId, volumeId, 'the volume that was asked for');
      holds(status !== undefined, 'a status', 'none');
    },
  },
  {
    name: 'controller/get-volume-wants-its-required-fields',
    needs: ['controller GET_VOLUME'],
    async run(trial) {
      const request = { volumeId: trial.strangerId() };
      await requireFields(trial.controller.controllerGetVolume, request, { volume_id: { volumeId: '' } });
    },
  },
  {
    name: 'controller/room-is-told',
    needs: ['controller GET_CAPACITY'],
    async run(trial) {
      const parameters = { ...trial.options.parameters };
      const request = { parameters, volumeCapabilities: [trial.capability()] };
      const { availableCapacity, maximumVolumeSize, minimumVolumeSize } = await trial.controller.getCapacity(request);
      holds(availableCapacity >= 0n, 'available_capacity that is not negative', String(availableCapacity));
      const [least, most] = [minimumVolumeSize ?? 0n, maximumVolumeSize ?? availableCapacity];
      holds(least >= 0n && most >= 0n, 'sizes that are not negative', { minimumVolumeSize, maximumVolumeSize });
      const ordered = maximumVolumeSize === undefined || minimumVolumeSize === undefined || least <= most;
      holds(ordered, 'minimum_volume_size up to maximum_volume_size', { minimumVolumeSize, maximumVolumeSize });
    },
  },
  {
    name: 'controller/a-volume-grows',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller EXPAND_VOLUME'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      const request = expansion(volumeId, 2n * trial.size);
      for (let again = 0; again < 2; again++) {
        const { capacityBytes } = await trial.controller.controllerExpandVolume(request);
        holds(capacityBytes >= 2n * trial.size, `at least ${2n * trial.size} bytes`, String(capacityBytes));
      }
    },
  },
  {
    name: 'controller/a-volume-that-is-large-enough-stays-so',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller EXPAND_VOLUME'],
    async run(trial) {
      const { volumeId } = await trial.createVolume({
        capacityRange: { requiredBytes: 2n * trial.size, limitBytes: 0n },
      });
      const { capacityBytes } = await trial.controller.controllerExpandVolume(expansion(volumeId, trial.size));
      holds(capacityBytes >= 2n * trial.size, `the ${2n * trial.size} bytes that it had`, String(capacityBytes));
    },
  },
  {
    name: 'controller/an-unknown-volume-does-not-grow',
    needs: ['controller EXPAND_VOLUME'],
    async run(trial) {
      const call = trial.controller.controllerExpandVolume(expansion(trial.strangerId(), trial.size));
      await refused(call, 'an unknown volume_id', NOT_FOUND);
    },
  },
  {
    name: 'controller/expand-volume-wants-its-required-fields',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller EXPAND_VOLUME'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      await requireFields(trial.controller.controllerExpandVolume, expansion(volumeId, trial.size), {
        volume_id: { volumeId: '' },
        capacity_range: { capacityRange: undefined },
      });
    },
  },
  {
    name: 'controller/expansion-is-a-capability-of-the-plugin-too',
    needs: ['controller EXPAND_VOLUME'],
    async run(trial) {
      const told = trial.has('online or offline expansion');
      holds(
        told,
        'GetPluginCapabilities to say when volumes can grow, as EXPAND_VOLUME is advertised',
        'that it does not',
      );
    },
  },
  {
    name: 'controller/a-volume-is-modified',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller MODIFY_VOLUME', 'option mutableParameters'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      const mutableParameters = { ...trial.options.mutableParameters };
      const request = { volumeId, mutableParameters, secrets: trial.secrets('ControllerModifyVolume') };
      for (let again = 0; again < 2; again++) await trial.controller.controllerModifyVolume(request);
    },
  },
  {
    name: 'controller/a-volume-is-made-with-mutable-parameters',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller MODIFY_VOLUME', 'option mutableParameters'],
    async run(trial) {
      await trial.createVolume({ mutableParameters: { ...trial.options.mutableParameters } });
      const mutableParameters = { [trial.strangerId()]: 'x' };
      const call = trial.controller.createVolume(trial.volumeRequest({ mutableParameters }));
      await refused(call, 'a mutable parameter that nobody knows', INVALID_ARGUMENT);
    },
  },
  {
    name: 'controller/a-volume-is-not-modified-with-unknown-parameters',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller MODIFY_VOLUME'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      const request = { volumeId, mutableParameters: { [trial.strangerId()]: 'x' } };
      const call = trial.controller.controllerModifyVolume(request);
      await refused(call, 'a mutable parameter that nobody knows', INVALID_ARGUMENT);
    },
  },
  {
    name: 'controller/an-unknown-volume-is-not-modified',
    needs: ['controller MODIFY_VOLUME', 'option mutableParameters'],
    async run(trial) {
      const mutableParameters = { ...trial.options.mutableParameters };
      const call = trial.controller.controllerModifyVolume({ volumeId: trial.strangerId(), mutableParameters });
      await refused(call, 'an unknown volume_id', NOT_FOUND);
    },
  },
  {
    name: 'controller/modify-volume-wants-its-required-fields',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller MODIFY_VOLUME'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      const mutableParameters = { ...trial.options.mutableParameters };
      await requireFields(
        trial.controller.controllerModifyVolume,
        { volumeId, mutableParameters },
        {
          volume_id: { volumeId: '' },
          mutable_parameters: { mutableParameters: {} },
        },
      );
    },
  },
  {
    name: 'controller/a-volume-is-published',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller PUBLISH_UNPUBLISH_VOLUME', 'node'],
    async run(trial) {
      const volume = await trial.createVolume();
      const request = await trial.attachRequest(volume);
      const { publishContext } = await trial.controller.controllerPublishVolume(request);
      for (let again = 0; again < AGAIN; again++) {
        const second = await trial.controller.controllerPublishVolume(request);
        equal(second.publishContext, publishContext, 'the publish_context of the first time');
      }
      const { volumeId, nodeId } = request;
      const undo = { volumeId, nodeId, secrets: trial.secrets('ControllerUnpublishVolume') };
      for (let again = 0; again < AGAIN; again++) await trial.controller.controllerUnpublishVolume(undo);
    },
  },
  {
    name: 'controller/an-unknown-volume-is-not-published',
    needs: ['controller PUBLISH_UNPUBLISH_VOLUME', 'node'],
    async run(trial) {
      const [volumeId, nodeId] = [trial.strangerId(), await trial.nodeId()];
      const request = { volumeId, nodeId, volumeCapability: trial.capability() };
      await refused(trial.controller.controllerPublishVolume(request), 'an unknown volume_id', NOT_FOUND);
    },
  },
  {
    name: 'controller/a-volume-is-not-published-on-an-unknown-node',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller PUBLISH_UNPUBLISH_VOLUME', 'node'],
    async run(trial) {
      const request = { ...(await trial.attachRequest(await trial.createVolume())), nodeId: trial.strangerId() };
      await refused(trial.controller.controllerPublishVolume(request), 'an unknown node_id', NOT_FOUND);
    },
  },
  {
    name: 'controller/a-volume-is-not-published-in-two-ways',
    needs: [
      'controller CREATE_DELETE_VOLUME',
      'controller PUBLISH_UNPUBLISH_VOLUME',
      'controller PUBLISH_READONLY',
      'node',
    ],
    async run(trial) {
      const request = await trial.attachRequest(await trial.createVolume());
      await trial.controller.controllerPublishVolume(request);
      const call = trial.controller.controllerPublishVolume({ ...request, readonly: true });
      await refused(call, 'readonly, where the volume is published to write', ALREADY_EXISTS);
    },
  },
  {
    name: 'controller/publish-volume-wants-its-required-fields',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller PUBLISH_UNPUBLISH_VOLUME', 'node'],
    async run(trial) {
      const request = await trial.attachRequest(await trial.createVolume());
      await requireFields(trial.controller.controllerPublishVolume, request, {
        volume_id: { volumeId: '' },
        node_id: { nodeId: '' },
        volume_capability: { volumeCapability: undefined },
      });
    },
  },
  {
    name: 'controller/a-volume-that-is-not-published-is-unpublished',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller PUBLISH_UNPUBLISH_VOLUME', 'node'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      await trial.controller.controllerUnpublishVolume({ volumeId, nodeId: await trial.nodeId() });
    },
  },
  {
    name: 'controller/unpublish-volume-wants-its-required-fields',
    needs: ['controller PUBLISH_UNPUBLISH_VOLUME', 'node'],
    async run(trial) {
      const request = { volumeId: trial.strangerId(), nodeId: await trial.nodeId() };
      await requireFields(trial.controller.controllerUnpublishVolume, request, { volume_id: { volumeId: '' } });
    },
  },
  {
    name: 'controller/a-node-takes-no-more-volumes-than-it-says',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller PUBLISH_UNPUBLISH_VOLUME', 'node'],
    async run(trial) {
      const { maxVolumesPerNode } = await trial.node.nodeGetInfo({});
      if (maxVolumesPerNode === 0n) throw new Untestable('the node sets no limit');
      if (maxVolumesPerNode > MOST_ATTACHED) throw new Untestable(`the node takes ${maxVolumesPerNode} volumes`);
      for (let attached = 0n; attached < maxVolumesPerNode; attached++) await trial.attach(await trial.createVolume());
      const call = trial.attach(await trial.createVolume());
      await refused(call, `one more than the ${maxVolumesPerNode} volumes of the node`, Code.RESOURCE_EXHAUSTED);
    },
  },
];

function ofVolume(volumeId: string): CreateVolumeRequest['volumeContentSource'] {
  return { type: { $case: 'volume', value: { volumeId } } };
}

function ofSnapshot(snapshotId: string): CreateVolumeRequest['volumeContentSource'] {
  return { type: { $case: 'snapshot', value: { snapshotId } } };
}

function expansion(volumeId: string, requiredBytes: bigint) {
  return { volumeId, capacityRange: { requiredBytes, limitBytes: 0n } };
}

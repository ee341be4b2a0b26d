import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CreateSnapshotRequest,
  type CreateVolumeRequest,
  type ListSnapshotsRequest,
  VolumeCapability_AccessMode_Mode as Mode,
  type NodePublishVolumeRequest,
  type Snapshot,
  type Volume,
  type VolumeCapability,
} from '../../../gen/csi/v1/csi.js';
import type { Channel } from '../../client/channel.js';
import type { Need } from './check.js';
import type { ConformanceOptions } from './conformance-options.js';
import { holds } from './expectations.js';
import type { PluginClients } from './plugin-clients.js';
import type { Subject } from './subject.js';

const GIBIBYTE = 2n ** 30n;
const PARALLEL = 100;

/** Where the checks have their paths on the node. */
export interface TrialFolders {
  readonly staging: string;
  readonly target: string;
}

/** One check at work: what it needs to ask a plugin, with names and paths that nothing else uses. */
export class Trial {
  readonly options: ConformanceOptions;
  readonly channel: Channel;
  readonly identity: PluginClients['identity'];
  readonly controller: PluginClients['controller'];
  readonly groupController: PluginClients['groupController'];
  readonly snapshotMetadata: PluginClients['snapshotMetadata'];
  readonly node: PluginClients['node'];
  readonly #subject: Subject;
  readonly #folders: TrialFolders;
  readonly #accessType: 'mount' | 'block';
  readonly #id = randomBytes(6).toString('hex');
  #names = 0;

  constructor(subject: Subject, folders: TrialFolders, accessType = subject.options.accessType ?? 'mount') {
    this.#subject = subject;
    this.#folders = folders;
    this.#accessType = accessType;
    this.options = subject.options;
    this.channel = subject.channel;
    ({
      identity: this.identity,
      controller: this.controller,
      groupController: this.groupController,
      snapshotMetadata: this.snapshotMetadata,
      node: this.node,
    } = subject.clients);
  }

  /** The same with block volumes. */
  asBlock(): Trial {
    return new Trial(this.#subject, this.#folders, 'block');
  }

  has(need: Need): boolean {
    return this.#subject.meets.has(need);
  }

  secrets(call: string): { [key: string]: string } {
    return this.#subject.secrets(call);
  }

  /** Bytes of a volume. */
  get size(): bigint {
    return this.options.volumeSizeBytes ?? GIBIBYTE;
  }

  /** How many volumes are worked on at a time. */
  get parallel(): number {
    return this.options.parallelVolumes ?? PARALLEL;
  }

  /** A name that nothing has yet. */
  name(): string {
    this.#names++;
    return `conformance-${this.#id}-${this.#names}`;
  }

  /** An id that nothing has. */
  strangerId(): string {
    return `nothing-${this.#id}`;
  }

  capability(mode: Mode = Mode.SINGLE_NODE_WRITER): VolumeCapability {
    const accessMode = { mode };
    if (this.#accessType === 'block') return { accessType: { $case: 'block', value: {} }, accessMode };
    const value = { fsType: '', mountFlags: [], volumeMountGroup: '' };
    return { accessType: { $case: 'mount', value }, accessMode };
  }

  /** A request that a plugin fulfils. */
  volumeRequest(fields: Partial<CreateVolumeRequest> = {}): Partial<CreateVolumeRequest> {
    return {
      name: this.name(),
      volumeCapabilities: [this.capability()],
      capacityRange: { requiredBytes: this.size, limitBytes: 0n },
      parameters: { ...this.options.parameters },
      secrets: this.secrets('CreateVolume'),
      ...fields,
    };
  }

  async createVolume(fields: Partial<CreateVolumeRequest> = {}): Promise<Volume> {
    const { volume } = await this.controller.createVolume(this.volumeRequest(fields));
    holds(volume !== undefined && volume.volumeId !== '', 'CreateVolume to answer with a volume_id', { volume });
    return volume;
  }

  async deleteVolume(volumeId: string): Promise<void> {
    await this.controller.deleteVolume({ volumeId, secrets: this.secrets('DeleteVolume') });
  }

  snapshotRequest(sourceVolumeId: string, fields: Partial<CreateSnapshotRequest> = {}): Partial<CreateSnapshotRequest> {
    const parameters = { ...this.options.snapshotParameters };
    return { sourceVolumeId, name: this.name(), parameters, secrets: this.secrets('CreateSnapshot'), ...fields };
  }

  async createSnapshot(sourceVolumeId: string, fields: Partial<CreateSnapshotRequest> = {}): Promise<Snapshot> {
    const { snapshot } = await this.controller.createSnapshot(this.snapshotRequest(sourceVolumeId, fields));
    holds(snapshot !== undefined && snapshot.snapshotId !== '', 'CreateSnapshot to answer with a snapshot_id', {
      snapshot,
    });
    return snapshot;
  }

  async deleteSnapshot(snapshotId: string): Promise<void> {
    await this.controller.deleteSnapshot({ snapshotId, secrets: this.secrets('DeleteSnapshot') });
  }

  groupRequest(sourceVolumeIds: string[]) {
    const parameters = { ...this.options.snapshotParameters };
    return { sourceVolumeIds, name: this.name(), parameters, secrets: this.secrets('CreateVolumeGroupSnapshot') };
  }

  async createGroup(sourceVolumeIds: string[]) {
    const { groupSnapshot } = await this.groupController.createVolumeGroupSnapshot(this.groupRequest(sourceVolumeIds));
    holds(groupSnapshot !== undefined && groupSnapshot.groupSnapshotId !== '', 'an answer with a group_snapshot_id', {
      groupSnapshot,
    });
    return groupSnapshot;
  }

  /** All pages of ListVolumes, each of at most `maxEntries`. */
  listVolumes(maxEntries = 0) {
    return pages((startingToken) => this.controller.listVolumes({ maxEntries, startingToken }));
  }

  /** All pages of ListSnapshots. */
  listSnapshots(fields: Partial<ListSnapshotsRequest> = {}) {
    const secrets = this.secrets('ListSnapshots');
    return pages((startingToken) => this.controller.listSnapshots({ ...fields, startingToken, secrets }));
  }

  async nodeId(): Promise<string> {
    return (await this.node.nodeGetInfo({})).nodeId;
  }

  /** A request that attaches a volume to the node. */
  async attachRequest({ volumeId, volumeContext }: Volume, mode?: Mode) {
    const [nodeId, volumeCapability] = [await this.nodeId(), this.capability(mode)];
    return {
      volumeId,
      nodeId,
      volumeCapability,
      volumeContext,
      readonly: false,
      secrets: this.secrets('ControllerPublishVolume'),
    };
  }

  /** Attaches where the plugin does so. @returns the publish_context. */
  async attach(volume: Volume, mode?: Mode): Promise<{ [key: string]: string }> {
    if (!this.has('controller PUBLISH_UNPUBLISH_VOLUME')) return {};
    return (await this.controller.controllerPublishVolume(await this.attachRequest(volume, mode))).publishContext;
  }

  /** An absolute path of a folder that exists. */
  async stagingPath(): Promise<string> {
    const path = join(this.#folders.staging, this.name());
    await mkdir(path);
    return path;
  }

  /** An absolute path that does not exist, in a folder that does. */
  targetPath(): string {
    return join(this.#folders.target, this.name());
  }

  async stageRequest({ volumeId, volumeContext }: Volume, publishContext: { [key: string]: string }, mode?: Mode) {
    const [stagingTargetPath, volumeCapability] = [await this.stagingPath(), this.capability(mode)];
    const secrets = this.secrets('NodeStageVolume');
    return { volumeId, volumeContext, publishContext, stagingTargetPath, volumeCapability, secrets };
  }

  /** A request that publishes a volume which is attached and staged as the plugin wants it. */
  async publishRequest(volume: Volume, mode?: Mode) {
    const { volumeId, volumeContext } = volume;
    const publishContext = await this.attach(volume, mode);
    let stagingTargetPath = '';
    if (this.has('node STAGE_UNSTAGE_VOLUME')) {
      const request = await this.stageRequest(volume, publishContext, mode);
      await this.node.nodeStageVolume(request);
      ({ stagingTargetPath } = request);
    }
    const [targetPath, volumeCapability] = [this.targetPath(), this.capability(mode)];
    const secrets = this.secrets('NodePublishVolume');
    return {
      volumeId,
      volumeContext,
      publishContext,
      stagingTargetPath,
      targetPath,
      volumeCapability,
      readonly: false,
      secrets,
    };
  }

  /** Attaches, stages and publishes a volume. */
  async publish(volume: Volume, fields: Partial<NodePublishVolumeRequest> = {}, mode?: Mode) {
    const request = { ...(await this.publishRequest(volume, mode)), ...fields };
    await this.node.nodePublishVolume(request);
    return request;
  }
}

/** More than any list has in a test: a plugin whose tokens go round in a circle is found out. */
const MOST_PAGES = 10_000;

async function pages<Page extends { readonly nextToken: string }>(
  ask: (startingToken: string) => Promise<Page>,
): Promise<Page[]> {
  const found: Page[] = [];
  let token = '';
  do {
    const page = await ask(token);
    found.push(page);
    token = page.nextToken;
    holds(found.length < MOST_PAGES, `fewer than ${MOST_PAGES} pages`, 'a next_token after each of them');
  } while (token !== '');
  return found;
}

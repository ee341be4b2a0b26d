import { setTimeout as sleep } from 'node:timers/promises';
import type {
  ControllerPublishVolumeRequest,
  CreateSnapshotRequest,
  CreateSnapshotResponse,
  CreateVolumeGroupSnapshotRequest,
  CreateVolumeGroupSnapshotResponse,
  CreateVolumeRequest,
  CreateVolumeResponse,
  NodePublishVolumeRequest,
  NodeStageVolumeRequest,
} from '../../../gen/csi/v1/csi.js';
import type { ClientInterceptor } from '../../client/client-interceptor.js';
import { Code } from '../../rpc/code.js';
import { RpcError } from '../../rpc/rpc-error.js';
import type { PluginClients } from './plugin-clients.js';

/** Takes one thing back. */
type Undo = (clients: PluginClients) => Promise<unknown>;

/** Nobody knows whether a call that ended so has done its work. */
const uncertain = new Set<Code>([
  Code.CANCELLED,
  Code.UNKNOWN,
  Code.DEADLINE_EXCEEDED,
  Code.INTERNAL,
  Code.UNAVAILABLE,
]);

/** While an operation that was cut short is still pending a plugin answers ABORTED, as it should. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 100;

/** What the calls of a channel have made, so that all of it can be taken back, whatever a check made of them. */
export class CreatedThings {
  readonly #secrets: (call: string) => { readonly [key: string]: string };
  readonly #undo = new Map<unknown, Undo>();

  /** @param secrets of a call that undoes something: `DeleteVolume`. */
  constructor(secrets: (call: string) => { readonly [key: string]: string }) {
    this.#secrets = secrets;
  }

  /** To be put around all calls of a channel. */
  readonly interceptor: ClientInterceptor = (next) => async (request) => {
    const { method } = request;
    const message = method.requestStream ? {} : method.requestType.fromPartial(request.message);
    const pending = this.#pending(method.name, message);
    if (pending !== undefined) this.#undo.set(request, pending);
    try {
      const response = await next(request);
      this.#undo.delete(request);
      this.#note(method.name, message, response.message);
      return response;
    } catch (error) {
      if (!(error instanceof RpcError && uncertain.has(error.code))) this.#undo.delete(request);
      throw error;
    }
  };

  /**
   * Takes all back, the newest first.
   *
   * @returns what the plugin answered where it did not let it, with the thing.
   */
  async clean(clients: PluginClients): Promise<string[]> {
    const problems: string[] = [];
    // One at a time: taking back a call without an answer adds what it finds.
    for (let last = this.#last(); last !== undefined; last = this.#last()) {
      const [key, undo] = last;
      this.#undo.delete(key);
      try {
        await patiently(() => undo(clients));
      } catch (error) {
        problems.push(`${typeof key === 'string' ? key : 'a call without an answer'}: ${(error as Error).message}`);
      }
    }
    return problems;
  }

  #last(): [unknown, Undo] | undefined {
    return [...this.#undo].at(-1);
  }

  /** How to take back what a call does, whether or not it is answered. */
  #pending(method: string, message: unknown): Undo | undefined {
    switch (method) {
      // To learn the id, ask again: the same name gives the same thing.
      case 'CreateVolume':
        return (clients) => ignoreRefusal(clients.controller.createVolume(message as CreateVolumeRequest));
      case 'CreateSnapshot':
        return (clients) => ignoreRefusal(clients.controller.createSnapshot(message as CreateSnapshotRequest));
      case 'CreateVolumeGroupSnapshot': {
        const request = message as CreateVolumeGroupSnapshotRequest;
        return (clients) => ignoreRefusal(clients.groupController.createVolumeGroupSnapshot(request));
      }
      default:
        return this.#undoOfRequest(method, message)?.undo;
    }
  }

  #note(method: string, message: unknown, response: unknown): void {
    const ids = message as { volumeId: string; nodeId: string; stagingTargetPath: string; targetPath: string };
    switch (method) {
      case 'CreateVolume': {
        const volumeId = (response as CreateVolumeResponse).volume?.volumeId;
        const secrets = this.#secrets('DeleteVolume');
        if (volumeId)
          this.#add(`volume ${volumeId}`, ({ controller }) => controller.deleteVolume({ volumeId, secrets }));
        return;
      }
      case 'CreateSnapshot': {
        const snapshotId = (response as CreateSnapshotResponse).snapshot?.snapshotId;
        const secrets = this.#secrets('DeleteSnapshot');
        if (snapshotId) {
          this.#add(`snapshot ${snapshotId}`, ({ controller }) => controller.deleteSnapshot({ snapshotId, secrets }));
        }
        return;
      }
      case 'CreateVolumeGroupSnapshot': {
        const { groupSnapshotId = '', snapshots = [] } =
          (response as CreateVolumeGroupSnapshotResponse).groupSnapshot ?? {};
        const secrets = this.#secrets('DeleteVolumeGroupSnapshot');
        const request = { groupSnapshotId, snapshotIds: snapshots.map(({ snapshotId }) => snapshotId), secrets };
        if (groupSnapshotId) {
          this.#add(`group ${groupSnapshotId}`, (clients) =>
            clients.groupController.deleteVolumeGroupSnapshot(request),
          );
        }
        return;
      }
      case 'DeleteVolume':
        return this.#forget(`volume ${ids.volumeId}`);
      case 'DeleteSnapshot':
        return this.#forget(`snapshot ${(message as { snapshotId: string }).snapshotId}`);
      case 'DeleteVolumeGroupSnapshot':
        return this.#forget(`group ${(message as { groupSnapshotId: string }).groupSnapshotId}`);
      case 'ControllerUnpublishVolume':
        return this.#forget(`publication ${ids.volumeId} ${ids.nodeId}`);
      case 'NodeUnstageVolume':
        return this.#forget(`staging ${ids.volumeId} ${ids.stagingTargetPath}`);
      case 'NodeUnpublishVolume':
        return this.#forget(`target ${ids.volumeId} ${ids.targetPath}`);
      default: {
        const found = this.#undoOfRequest(method, message);
        if (found !== undefined) this.#add(found.key, found.undo);
      }
    }
  }

  #undoOfRequest(method: string, message: unknown): { readonly key: string; readonly undo: Undo } | undefined {
    switch (method) {
      case 'ControllerPublishVolume': {
        const { volumeId, nodeId } = message as ControllerPublishVolumeRequest;
        const secrets = this.#secrets('ControllerUnpublishVolume');
        const undo: Undo = ({ controller }) => controller.controllerUnpublishVolume({ volumeId, nodeId, secrets });
        return { key: `publication ${volumeId} ${nodeId}`, undo };
      }
      case 'NodeStageVolume': {
        const { volumeId, stagingTargetPath } = message as NodeStageVolumeRequest;
        const undo: Undo = ({ node }) => node.nodeUnstageVolume({ volumeId, stagingTargetPath });
        return { key: `staging ${volumeId} ${stagingTargetPath}`, undo };
      }
      case 'NodePublishVolume': {
        const { volumeId, targetPath } = message as NodePublishVolumeRequest;
        const undo: Undo = ({ node }) => node.nodeUnpublishVolume({ volumeId, targetPath });
        return { key: `target ${volumeId} ${targetPath}`, undo };
      }
      default:
        return undefined;
    }
  }

  /** Behind all that there is: what was made last is taken back first. */
  #add(key: string, undo: Undo): void {
    this.#undo.delete(key);
    this.#undo.set(key, undo);
  }

  #forget(key: string): void {
    this.#undo.delete(key);
  }
}

/** A creation that is refused has made nothing; one that succeeds is noted, and taken back by the one who asks. */
async function ignoreRefusal(call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => {
    if (!(error instanceof RpcError) || error.code === Code.ABORTED) throw error;
  });
}

async function patiently(undo: () => Promise<unknown>): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await undo();
      return;
    } catch (error) {
      const again = error instanceof RpcError && (error.code === Code.ABORTED || error.code === Code.UNAVAILABLE);
      if (!again || performance.now() > until) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { alreadyExists, createPlugin, notFound, type PluginHandlers } from '../../../src/csi/index.js';
import { sameUser } from '../../../src/index.js';

/** Stands between a handler and its caller: it may wait, throw, or answer something else. */
export type Fault = (answer: () => Promise<unknown>, request: never) => Promise<unknown>;

interface Entry {
  readonly id: string;
  readonly name: string;
  bytes: bigint;
}

/** A plugin with nothing behind it, whose answers can be made wrong, method by method. */
export class MemoryPlugin {
  readonly endpoint = `unix-abstract:podwire-test-${randomUUID()}`;
  readonly volumes = new Map<string, Entry>();
  readonly snapshots = new Map<string, { readonly id: string; readonly name: string; readonly of: string }>();
  readonly faults: { [method: string]: Fault | undefined } = {};
  /** Methods in the order of their calls. */
  readonly calls: string[] = [];
  #ids = 0;

  /** Serves it until the test is over. */
  async listen(
    options: { readonly name?: string; readonly without?: readonly string[] } = {},
  ): Promise<{ close(): Promise<void> }> {
    const { name = 'memory.example.com', without = [] } = options;
    const controller = this.#faulty(this.#controller() as object) as Record<string, unknown>;
    for (const method of without) delete controller[method];
    const plugin = createPlugin({
      name,
      version: '1',
      shutdownOn: false,
      features: { cloneVolume: true },
      controller,
    } as never);
    await plugin.listen(this.endpoint, { allowPeer: sameUser() });
    const close = () => plugin.server.shutdown({ graceMs: 0 });
    onTestFinished(() => void close());
    return { close };
  }

  #controller(): PluginHandlers['controller'] {
    return {
      createVolume: async ({ name, capacityRange, volumeContentSource }) => {
        const bytes = capacityRange?.requiredBytes || 1n;
        let volume = [...this.volumes.values()].find((entry) => entry.name === name);
        if (volume === undefined) {
          volume = { id: `volume-${++this.#ids}`, name, bytes };
          this.volumes.set(volume.id, volume);
        } else if (volume.bytes !== bytes) throw alreadyExists('volume', name, `with ${volume.bytes} bytes`);
        return { volume: { volumeId: volume.id, capacityBytes: volume.bytes, contentSource: volumeContentSource } };
      },
      deleteVolume: async ({ volumeId }) => {
        this.volumes.delete(volumeId);
        return {};
      },
      listVolumes: async () => ({ entries: [...this.volumes.keys()].map((volumeId) => ({ volume: { volumeId } })) }),
      controllerExpandVolume: async ({ volumeId, capacityRange }) => {
        const volume = this.volumes.get(volumeId);
        if (volume === undefined) throw notFound('volume', volumeId);
        volume.bytes = capacityRange!.requiredBytes;
        return { capacityBytes: volume.bytes, nodeExpansionRequired: false };
      },
      createSnapshot: async ({ name, sourceVolumeId }) => {
        let snapshot = [...this.snapshots.values()].find((entry) => entry.name === name);
        if (snapshot === undefined) {
          snapshot = { id: `snapshot-${++this.#ids}`, name, of: sourceVolumeId };
          this.snapshots.set(snapshot.id, snapshot);
        }
        const answer = { snapshotId: snapshot.id, sourceVolumeId: snapshot.of, readyToUse: true, sizeBytes: 1n };
        return { snapshot: { ...answer, creationTime: { seconds: 1n, nanos: 0 } } };
      },
      deleteSnapshot: async ({ snapshotId }) => {
        this.snapshots.delete(snapshotId);
        return {};
      },
      listSnapshots: async () => ({
        entries: [...this.snapshots.values()].map(({ id: snapshotId, of: sourceVolumeId }) => ({
          snapshot: { snapshotId, sourceVolumeId, readyToUse: true },
        })),
      }),
    };
  }

  #faulty(handlers: object): object {
    return Object.fromEntries(
      Object.entries(handlers).map(([method, handler]) => [
        method,
        (request: unknown) => {
          this.calls.push(method);
          const answer = () => (handler as (request: unknown) => Promise<unknown>)(request);
          return this.faults[method]?.(answer, request as never) ?? answer();
        },
      ]),
    );
  }
}

/** The fault is there for so many calls. */
export function times(count: number, fault: Fault): Fault {
  let left = count;
  return (answer, request) => (left-- > 0 ? fault(answer, request) : answer());
}

/** What a call answers, changed. */
export function changed<Response = unknown>(change: (response: Response) => unknown): Fault {
  return async (answer) => change((await answer()) as Response);
}

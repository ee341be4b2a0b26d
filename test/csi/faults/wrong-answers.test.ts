import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { CreateSnapshotResponse, CreateVolumeResponse } from '../../../gen/csi/v1/csi.js';
import { aborted, alreadyExists, failedPrecondition, notFound, resourceExhausted } from '../../../src/csi/index.js';
import { Code, RpcError } from '../../../src/index.js';
import { changed, type Fault, MemoryPlugin, times } from '../reconcile/memory-plugin.js';
import { startController } from '../reconcile/start-controller.js';

const never = new Promise<never>(() => {});
/** Done, and the answer is this error. */
const doneBut =
  (code: Code): Fault =>
  async (answer) => {
    await answer();
    throw new RpcError(code, 'wrong on purpose');
  };

interface WrongAnswer {
  readonly what: string;
  readonly method: string;
  readonly fault: Fault;
  /** Only another process can answer then. */
  readonly hangs?: true;
  /** The plugin says that they are gone, and has them. */
  readonly keeps?: number;
  /** Operations that fail at least. Default 1. */
  readonly failures?: number;
}

const volume = (change: object) =>
  changed<CreateVolumeResponse>((answer) => ({ volume: { ...answer.volume, ...change } }));
const snapshot = (change: object) =>
  changed<CreateSnapshotResponse>((answer) => ({ snapshot: { ...answer.snapshot, ...change } }));
const throws =
  (thrown: RpcError): Fault =>
  async () => {
    throw thrown;
  };

const wrongAnswers: readonly WrongAnswer[] = [
  { what: 'no volume', method: 'createVolume', fault: changed(() => ({})) },
  { what: 'an empty volume id', method: 'createVolume', fault: volume({ volumeId: '' }) },
  { what: 'the id of another volume', method: 'createVolume', fault: volume({ volumeId: 'volume-1' }) },
  { what: 'a volume from nothing', method: 'createVolume', fault: volume({ contentSource: undefined }) },
  { what: 'a volume that is too small', method: 'createVolume', fault: volume({ capacityBytes: 1n }), failures: 0 },
  { what: 'what cannot be encoded', method: 'createVolume', fault: volume({ capacityBytes: 'many' }) },
  { what: 'no snapshot', method: 'createSnapshot', fault: changed(() => ({})) },
  { what: 'an empty snapshot id', method: 'createSnapshot', fault: snapshot({ snapshotId: '' }) },
  { what: 'a snapshot of another volume', method: 'createSnapshot', fault: snapshot({ sourceVolumeId: 'other' }) },
  { what: 'a snapshot that is not ready', method: 'createSnapshot', fault: snapshot({ readyToUse: false }) },
  { what: 'too few bytes', method: 'controllerExpandVolume', fault: changed(() => ({ capacityBytes: 1n })) },
  { what: 'INTERNAL after it was done', method: 'createVolume', fault: doneBut(Code.INTERNAL) },
  { what: 'DEADLINE_EXCEEDED after it was done', method: 'createVolume', fault: doneBut(Code.DEADLINE_EXCEEDED) },
  { what: 'UNKNOWN after it was done', method: 'createSnapshot', fault: doneBut(Code.UNKNOWN) },
  { what: 'UNAVAILABLE after it was done', method: 'deleteVolume', fault: doneBut(Code.UNAVAILABLE) },
  { what: 'ABORTED', method: 'createVolume', fault: throws(aborted('volume', 'x')) },
  { what: 'RESOURCE_EXHAUSTED', method: 'createVolume', fault: throws(resourceExhausted('no room')) },
  { what: 'ALREADY_EXISTS', method: 'createVolume', fault: throws(alreadyExists('volume', 'x', 'otherwise')) },
  { what: 'NOT_FOUND', method: 'createSnapshot', fault: throws(notFound('volume', 'x')) },
  { what: 'FAILED_PRECONDITION', method: 'deleteSnapshot', fault: throws(failedPrecondition('in use')) },
  { what: 'NOT_FOUND', method: 'deleteVolume', fault: throws(notFound('volume', 'x')), keeps: 2, failures: 0 },
  { what: 'nothing, ever,', method: 'createVolume', fault: () => never, hangs: true },
  { what: 'nothing, ever,', method: 'deleteSnapshot', fault: () => never, hangs: true },
];

describe('a plugin that answers wrongly', () => {
  it.each(wrongAnswers)(
    '$what to $method, is led to what is desired in the end',
    async (wrong) => {
      const { method, fault, hangs = false, keeps = 0, failures: least = 1 } = wrong;
      const plugin = new MemoryPlugin();
      const serving = await plugin.listen();
      const { controller, events } = await startController({ endpoint: plugin.endpoint, callTimeoutMs: 300 });
      await controller.volumes.set('first', { size: 10 });
      await controller.settled();
      plugin.faults[method] = times(3, fault);
      if (hangs) {
        void (async () => {
          for await (const event of controller.events()) {
            if (event.type === 'operationFailed' && event.method === method) break;
          }
          // The handler keeps the server from its end, and the address is free before that.
          await Promise.race([serving.close(), sleep(100)]);
          plugin.faults[method] = undefined;
          await plugin.listen();
        })();
      }
      await controller.snapshots.set('snapshot', { of: 'first' });
      await controller.volumes.set('second', { size: 10, from: { snapshot: 'snapshot' } });
      await controller.volumes.set('first', { size: 20 });
      await controller.settled({ signal: AbortSignal.timeout(15_000) });
      const volumes = [...plugin.volumes.values()].map(({ name, bytes }) => [name, bytes]);
      expect(volumes.sort()).toEqual([
        ['first', 20n],
        ['second', 10n],
      ]);
      expect([...plugin.snapshots.values()].map(({ name }) => name)).toEqual(['snapshot']);
      await Promise.all([controller.volumes.delete('second'), controller.snapshots.delete('snapshot')]);
      await controller.volumes.delete('first');
      await controller.settled({ signal: AbortSignal.timeout(15_000) });
      expect([controller.volumes.list(), controller.snapshots.list()]).toEqual([[], []]);
      expect([plugin.volumes.size, plugin.snapshots.size]).toEqual([keeps, 0]);
      const failures = events.filter((event) => event.type === 'operationFailed' && event.method === method);
      expect(failures.length).toBeGreaterThanOrEqual(least);
      // What it kept is not this controller's any more, and is counted.
      await controller.resync();
      await new Promise(setImmediate);
      expect(events.findLast(({ type }) => type === 'resynced')).toMatchObject({ unknownVolumes: keeps });
    },
    60_000,
  );

  it('with an id that is not the volume’s is found out, and the volume is found again by its name', async () => {
    const plugin = new MemoryPlugin();
    await plugin.listen();
    const { controller, events } = await startController({ endpoint: plugin.endpoint });
    plugin.faults.createVolume = times(1, volume({ volumeId: 'another' }));
    await controller.volumes.set('first', { size: 10 });
    await controller.settled();
    await controller.resync();
    await expect(controller.settled()).rejects.toThrow('the plugin has no volume "another" any more');
    expect(events.findLast(({ type }) => type === 'resynced')).toMatchObject({
      missingVolumes: ['first'],
      unknownVolumes: 1,
    });
    await controller.volumes.delete('first');
    await controller.volumes.set('first', { size: 10 });
    await controller.settled();
    expect(controller.volumes.get('first')).toMatchObject({ phase: 'ready', volumeId: 'volume-1' });
    expect([...plugin.volumes.keys()]).toEqual(['volume-1']);
  });
});

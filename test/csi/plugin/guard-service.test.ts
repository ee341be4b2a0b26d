import { describe, expect, it } from 'vitest';
import { ControllerDefinition, type DeleteVolumeRequest } from '../../../gen/csi/v1/csi.js';
import { guardService } from '../../../src/csi/plugin/guard-service.js';
import { PendingOperations } from '../../../src/csi/plugin/pending-operations.js';
import { RequestRules } from '../../../src/csi/plugin/request-rules.js';
import { Code, createClient, createServer, type ServiceImplementation } from '../../../src/index.js';
import { createInProcessChannel } from '../../../src/testing/index.js';

type Handlers = Partial<ServiceImplementation<ControllerDefinition>>;

function start(handlers: Handlers, leftOut: string[] = []) {
  const operations = new PendingOperations();
  const rules = new RequestRules({ maxMapBytes: 4096, stages: false });
  const guarded = guardService(ControllerDefinition, handlers, rules, operations, new Set(leftOut));
  const server = createServer({ onHandlerError: () => {} }).addPartial(ControllerDefinition, guarded);
  return { operations, guarded, controller: createClient(ControllerDefinition, createInProcessChannel(server)) };
}

/** A handler that runs until it is let go, whatever becomes of its caller. */
function held() {
  const calls: DeleteVolumeRequest[] = [];
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const deleteVolume = async (request: DeleteVolumeRequest) => {
    calls.push(request);
    await gate;
    return {};
  };
  return { calls, release, deleteVolume };
}

const aborted = { code: Code.ABORTED, statusMessage: expect.stringContaining('volume "v1"') };

describe('guardService', () => {
  it('runs a handler only for a request that keeps the rules', async () => {
    const { calls, release, deleteVolume } = held();
    release();
    const { controller, operations } = start({ deleteVolume });
    await expect(controller.deleteVolume({})).rejects.toMatchObject({
      ...{ code: Code.INVALID_ARGUMENT, statusMessage: 'volume_id: is required' },
    });
    expect(calls).toEqual([]);
    await controller.deleteVolume({ volumeId: 'v1' });
    expect(calls).toEqual([{ volumeId: 'v1', secrets: {} }]);
    expect(operations.size).toBe(0);
  });

  it('refuses a second call for the same volume while others run', async () => {
    const { calls, release, deleteVolume } = held();
    const { controller } = start({ deleteVolume, controllerUnpublishVolume: async () => ({}) });
    const first = controller.deleteVolume({ volumeId: 'v1' });
    const other = controller.deleteVolume({ volumeId: 'v2' });
    await expect.poll(() => calls).toHaveLength(2);
    await expect(controller.deleteVolume({ volumeId: 'v1' })).rejects.toMatchObject(aborted);
    await expect(controller.controllerUnpublishVolume({ volumeId: 'v1' })).rejects.toMatchObject(aborted);
    await controller.controllerUnpublishVolume({ volumeId: 'v3' });
    release();
    await Promise.all([first, other]);
    await controller.controllerUnpublishVolume({ volumeId: 'v1' });
    expect(calls).toHaveLength(2);
  });

  it('keeps a volume to the handler that works on it, also when its caller has gone', async () => {
    const { calls, release, deleteVolume } = held();
    const { controller, operations } = start({ deleteVolume });
    const caller = new AbortController();
    const cancelled = controller.deleteVolume({ volumeId: 'v1' }, { signal: caller.signal });
    await expect.poll(() => calls).toHaveLength(1);
    caller.abort();
    await expect(cancelled).rejects.toThrow();
    await expect(controller.deleteVolume({ volumeId: 'v2' }, { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: Code.DEADLINE_EXCEEDED,
    });
    await expect(controller.deleteVolume({ volumeId: 'v1' })).rejects.toMatchObject(aborted);
    await expect(controller.deleteVolume({ volumeId: 'v2' })).rejects.toMatchObject({ code: Code.ABORTED });
    release();
    await expect.poll(() => operations.size).toBe(0);
    await controller.deleteVolume({ volumeId: 'v1' });
    expect(calls).toHaveLength(3);
  });

  it('has the volume free when a handler failed, or is no async function', async () => {
    let calls = 0;
    const { controller, operations } = start({
      deleteVolume: () => {
        calls++;
        throw new Error('not even a promise');
      },
    });
    for (let attempt = 1; attempt <= 2; attempt++) {
      await expect(controller.deleteVolume({ volumeId: 'v1' })).rejects.toMatchObject({ code: Code.UNKNOWN });
    }
    expect(calls).toBe(2);
    expect(operations.size).toBe(0);
  });

  it('takes handlers from a class, with their this', async () => {
    class Volumes {
      readonly #names = new Set(['v1']);
      async deleteVolume({ volumeId }: DeleteVolumeRequest) {
        this.#names.delete(volumeId);
        return {};
      }
      async listVolumes() {
        return { entries: [...this.#names].map((volumeId) => ({ volume: { volumeId } })) };
      }
    }
    const { controller } = start(new Volumes());
    expect((await controller.listVolumes({})).entries).toHaveLength(1);
    await controller.deleteVolume({ volumeId: 'v1' });
    expect((await controller.listVolumes({})).entries).toHaveLength(0);
  });

  it('leaves out what is not wanted, and what is no method', async () => {
    const handlers = { listVolumes: async () => ({}), getCapacity: async () => ({}), other: () => 5 };
    const { guarded, controller } = start(handlers, ['getCapacity']);
    expect(Object.keys(guarded)).toEqual(['listVolumes']);
    await expect(controller.getCapacity({})).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
  });
});

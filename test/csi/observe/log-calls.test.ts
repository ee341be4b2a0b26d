import { PassThrough } from 'node:stream';
import { type Level, pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ControllerDefinition, SnapshotMetadataDefinition } from '../../../gen/csi/v1/csi.js';
import { PodInfoDefinition } from '../../../gen/podinfo/v1/podinfo.js';
import type { ObservableRequest } from '../../../src/csi/observe/call-interceptor.js';
import { type LogCallsOptions, logCalls } from '../../../src/csi/observe/log-calls.js';
import { Code, createClient, createServer, RpcError, type Server } from '../../../src/index.js';
import { compileService } from '../../../src/rpc/compile-service.js';
import { createInProcessChannel } from '../../../src/testing/index.js';

type Line = { readonly [key: string]: unknown };

function logger(level: Level | 'silent') {
  const output = new PassThrough();
  const lines = (): Line[] =>
    String(output.read() ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
      .map(({ pid, hostname, time, ...line }) => line);
  return { logger: pino({ level }, output), lines };
}

const implementations = {
  controller: {
    async createVolume({ name }: { name: string }) {
      if (name === 'refused') throw new RpcError(Code.RESOURCE_EXHAUSTED, 'the pool is full');
      return { volume: { volumeId: name, capacityBytes: 5n } };
    },
  },
  metadata: {
    async *getMetadataAllocated({ snapshotId }: { snapshotId: string }) {
      yield { volumeCapacityBytes: 1n };
      if (snapshotId === 'broken') throw new RpcError(Code.ABORTED, 'start again');
      yield { volumeCapacityBytes: 2n };
    },
  },
};

function addAll(server: Server): Server {
  return server
    .addPartial(ControllerDefinition, implementations.controller)
    .addPartial(SnapshotMetadataDefinition, implementations.metadata);
}

const createVolume = compileService(ControllerDefinition).find(({ name }) => name === 'CreateVolume')!;

const getMetadataAllocated = compileService(SnapshotMetadataDefinition).find(
  ({ name }) => name === 'GetMetadataAllocated',
)!;

/** The same calls are logged on either side. */
const sides = {
  server(log: ReturnType<typeof logger>, options?: LogCallsOptions) {
    return createInProcessChannel(addAll(createServer({ interceptors: [logCalls(log.logger, options)] })));
  },
  client(log: ReturnType<typeof logger>, options?: LogCallsOptions) {
    return createInProcessChannel(addAll(createServer()), { interceptors: [logCalls(log.logger, options)] });
  },
};

describe.each(['server', 'client'] as const)('the log of a %s', (side) => {
  it('has the start and the end of a call, without secrets', async () => {
    const log = logger('debug');
    const controller = createClient(ControllerDefinition, sides[side](log));
    await controller.createVolume({ name: 'v', secrets: { password: 'hush' } });
    const [started, ended, ...more] = log.lines();
    const method = 'csi.v1.Controller/CreateVolume';
    expect(started).toEqual({
      ...{ level: 20, msg: 'call started', call: expect.any(Number), method },
      request: { name: 'v', secrets: '***stripped***' },
    });
    expect(ended).toEqual({
      ...{ level: 20, msg: 'call ended', call: started!.call, method, code: 'OK', durationMs: expect.any(Number) },
      response: { volume: { volume_id: 'v', capacity_bytes: 5 } },
    });
    expect(more).toEqual([]);
  });

  it('has failures on a level of their own', async () => {
    const log = logger('warn');
    const controller = createClient(ControllerDefinition, sides[side](log));
    await expect(controller.createVolume({ name: 'refused' })).rejects.toThrow('the pool is full');
    await controller.createVolume({ name: 'v' });
    expect(log.lines()).toEqual([
      {
        ...{ level: 40, msg: 'call failed', call: expect.any(Number), method: 'csi.v1.Controller/CreateVolume' },
        ...{ code: 'RESOURCE_EXHAUSTED', durationMs: expect.any(Number), error: 'the pool is full' },
      },
    ]);
  });

  it('has each message of a stream, and how many there were', async () => {
    const log = logger('trace');
    const metadata = createClient(SnapshotMetadataDefinition, sides[side](log));
    for await (const _ of metadata.getMetadataAllocated({ snapshotId: 's', secrets: { password: 'hush' } }));
    expect(log.lines()).toMatchObject([
      { level: 20, msg: 'call started', request: { snapshot_id: 's', secrets: '***stripped***' } },
      { level: 10, msg: 'response of a stream', number: 1, response: { volume_capacity_bytes: 1 } },
      { level: 10, msg: 'response of a stream', number: 2, response: { volume_capacity_bytes: 2 } },
      { level: 20, msg: 'call ended', code: 'OK', responses: 2 },
    ]);
  });

  it('has the end of a stream that fails or is left', async () => {
    const log = logger('debug');
    const metadata = createClient(SnapshotMetadataDefinition, sides[side](log, { failureLevel: 'info' }));
    const readAll = async () => {
      for await (const _ of metadata.getMetadataAllocated({ snapshotId: 'broken' }));
    };
    await expect(readAll()).rejects.toThrow('start again');
    expect(log.lines()).toMatchObject([
      { msg: 'call started' },
      { level: 30, msg: 'call failed', code: 'ABORTED', error: 'start again', responses: 1 },
    ]);
  });
});

describe('a level that is off', () => {
  it('costs no look at a message', async () => {
    const read = async (level: Level | 'silent'): Promise<number> => {
      const log = logger(level);
      let reads = 0;
      const next = async (_: ObservableRequest) => ({ message: counted({ volume: { volumeId: 'v' } }) });
      const interceptor = logCalls(log.logger)(next);
      const counted = (message: object): object =>
        new Proxy(message, {
          get(target, key, receiver) {
            reads++;
            return Reflect.get(target, key, receiver);
          },
        });
      await interceptor({ method: createVolume, message: counted({ name: 'v', secrets: { password: 'hush' } }) });
      expect(log.lines()).toHaveLength(level === 'debug' ? 2 : 0);
      return reads;
    };
    expect(await read('debug')).toBeGreaterThan(5);
    expect(await read('info')).toBe(0);
    expect(await read('silent')).toBe(0);
  });

  it('leaves streams as they are', async () => {
    const message = { async *[Symbol.asyncIterator]() {} };
    const request = { method: getMetadataAllocated, message: {} };
    const pass = async (level: Level | 'silent') => {
      const interceptor = logCalls(logger(level).logger)(async (passed) => ({ message, passed }));
      return interceptor(request);
    };
    const { message: observed } = await pass('warn');
    expect(observed).not.toBe(message);
    const { message: same, passed } = await pass('error');
    expect(same).toBe(message);
    expect(passed).toBe(request);
  });
});

describe('the log of a client', () => {
  it('has a stream that was left as cancelled, once', async () => {
    const log = logger('debug');
    const metadata = createClient(SnapshotMetadataDefinition, sides.client(log));
    for await (const _ of metadata.getMetadataAllocated({ snapshotId: 's' })) break;
    expect(log.lines()).toMatchObject([{ msg: 'call started' }, { msg: 'call failed', code: 'CANCELLED' }]);
  });
});

describe('calls of another protocol', () => {
  it('are logged without their messages', async () => {
    const log = logger('trace');
    const server = createServer({ interceptors: [logCalls(log.logger)] });
    server.addPartial(PodInfoDefinition, { describe: async ({ text }) => ({ reply: text }) });
    await createClient(PodInfoDefinition, createInProcessChannel(server)).describe({ text: 'hush' });
    const lines = log.lines();
    expect(lines.map(({ msg }) => msg)).toEqual(['call started', 'call ended']);
    expect(JSON.stringify(lines)).not.toContain('hush');
  });
});

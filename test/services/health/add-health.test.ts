import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { createChannel as createNiceChannel, createClient as createNiceClient } from 'nice-grpc';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HealthDefinition, HealthCheckResponse_ServingStatus as Status } from '../../../gen/grpc/health/v1/health.js';
import { Code, createClient, createServer, type Server } from '../../../src/index.js';
import { addHealth, type Health } from '../../../src/services/health/index.js';
import { createInProcessChannel } from '../../../src/testing/index.js';

let folder: string;
let server: Server;
let health: Health;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-health-'));
  server = createServer();
  health = addHealth(server);
});

afterEach(async () => {
  await server.shutdown({ graceMs: 0 });
  rmSync(folder, { recursive: true });
});

describe('addHealth', () => {
  it('can be added once', () => {
    expect([...server.services.keys()]).toEqual(['grpc.health.v1.Health']);
    expect(() => addHealth(server)).toThrow(/added before/);
  });

  // nice-grpc calls with @grpc/grpc-js underneath.
  it('answers Check, List and Watch of a grpc-js client on a path', async () => {
    const { address } = await server.listen(join(folder, 'health.sock'));
    const channel = createNiceChannel(address);
    try {
      const client = createNiceClient(HealthDefinition, channel);
      health.set('csi.v1.Identity', 'NOT_SERVING');
      expect(await client.check({})).toEqual({ status: Status.SERVING });
      expect(await client.check({ service: 'csi.v1.Identity' })).toEqual({ status: Status.NOT_SERVING });
      await expect(client.check({ service: 'none' })).rejects.toMatchObject({ code: Code.NOT_FOUND });
      expect(await client.list({})).toEqual({
        statuses: { '': { status: Status.SERVING }, 'csi.v1.Identity': { status: Status.NOT_SERVING } },
      });

      const seen: Status[] = [];
      for await (const { status } of client.watch({ service: 'csi.v1.Identity' })) {
        seen.push(status);
        if (seen.length === 1) health.set('csi.v1.Identity', 'SERVING');
        if (seen.length === 2) health.delete('csi.v1.Identity');
        if (seen.length === 3) break;
      }
      expect(seen).toEqual([Status.NOT_SERVING, Status.SERVING, Status.SERVICE_UNKNOWN]);
    } finally {
      channel.close();
    }
  });

  it('does not let a watcher hold the shutdown', async () => {
    const channel = createInProcessChannel(server);
    const seen: Status[] = [];
    const watching = (async () => {
      for await (const { status } of createClient(HealthDefinition, channel).watch({})) {
        seen.push(status);
        // With a grace without end: only the end of the watch can end it.
        if (seen.length === 1) void server.shutdown({ graceMs: 2 ** 31 - 1 });
      }
    })();
    await expect(watching).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    expect(seen).toEqual([Status.SERVING, Status.NOT_SERVING]);
    await server.shutdown();
    await channel.close();
  });

  it('queues nothing for a watcher that does not read', async () => {
    // Room for one message.
    const channel = createInProcessChannel(server, { limits: { streamWindow: 7 } });
    const statuses = createClient(HealthDefinition, channel).watch({})[Symbol.asyncIterator]();
    expect((await statuses.next()).value).toEqual({ status: Status.SERVING });
    for (let change = 0; change < 100; change++) {
      health.set('', change % 2 === 0 ? 'NOT_SERVING' : 'SERVING');
      for (let turns = 0; turns < 5; turns++) await turn();
    }
    health.set('', 'UNKNOWN');
    let read = 0;
    while ((await statuses.next()).value.status !== Status.UNKNOWN) read++;
    expect(read).toBeLessThan(5);
    await statuses.return?.();
    await channel.close();
  });
});

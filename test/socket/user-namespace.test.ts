import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HealthDefinition } from '../../gen/grpc/health/v1/health.js';
import type { AbstractEndpoint, PathEndpoint } from '../../src/endpoint/endpoint.js';
import { printEndpoint } from '../../src/endpoint/print-endpoint.js';
import { createChannel, createClient } from '../../src/index.js';
import { dialSocket } from '../../src/socket/dial-socket.js';
import { needs } from './needs.js';
import type { SocketProcessOptions } from './socket-process.js';
import { type SocketProcess, type SocketProcessEvent, startSocketProcess } from './start-socket-process.js';

/** Containers, as far as sockets are concerned: the namespaces and users of real processes. */

let folder: string;
let path: string;
let abstract: AbstractEndpoint;
let name: string;
let processes: SocketProcess[];
let count = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-'));
  chmodSync(folder, 0o777);
  const endpoint: PathEndpoint = { kind: 'path', path: join(folder, 'x.sock') };
  path = printEndpoint(endpoint);
  abstract = { kind: 'abstract', name: Buffer.from(`podwire-ns-${process.pid}-${count++}`) };
  name = printEndpoint(abstract);
  processes = [];
});

afterEach(async () => {
  for (const process of processes) await process[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function start(...parameters: Parameters<typeof startSocketProcess>): SocketProcess {
  const process = startSocketProcess(...parameters);
  processes.push(process);
  return process;
}

/** Starts a server for anyone, lets a client come, and returns what each says of the other. */
async function meet(
  address: string,
  serverPrefix: readonly string[],
  clientPrefix: readonly string[],
): Promise<{ client: SocketProcessEvent; server: SocketProcessEvent }> {
  const server = start('listen', address, { allowPeer: 'anyone' }, { prefix: serverPrefix });
  expect(await server.next()).toMatchObject({ event: 'listening' });
  const client = start('dial', address, { allowPeer: 'anyone', send: 'hello' }, { prefix: clientPrefix });
  const dialed = await client.next();
  if (dialed.event === 'dialed') expect(await client.next()).toEqual({ event: 'closed', echo: 'hello' });
  return { client: dialed, server: dialed.event === 'dialed' ? await server.next() : { event: 'nobody came' } };
}

const asUser = (uid: number): string[] => ['setpriv', '--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups'];

describe('in one network namespace', () => {
  it.for<[string, string[]]>([
    ['mount', ['unshare', '--mount']],
    ['ipc', ['unshare', '--ipc']],
    ['uts', ['unshare', '--uts']],
  ])('another %s namespace is no border', async ([_, prefix], context) => {
    needs(context, prefix);
    const { client, server } = await meet(name, [], prefix);
    expect(client).toMatchObject({ event: 'dialed', peer: { uid: 0, gid: 0 } });
    expect(server).toMatchObject({ event: 'connection', peer: { uid: 0, gid: 0, pid: client.pid } });
  });

  it('another root folder is no border', async (context) => {
    needs(context, ['unshare', '--mount']);
    const prefix = ['unshare', '--mount', 'sh', '-c', 'mount --rbind / /mnt && exec chroot /mnt "$0" "$@"'];
    const { client, server } = await meet(name, [], prefix);
    expect(client).toMatchObject({ event: 'dialed', peer: { uid: 0 } });
    expect(server).toMatchObject({ event: 'connection', peer: { pid: client.pid } });
  });

  it('another pid namespace hides pids, and no more', async (context) => {
    const prefix = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
    needs(context, prefix);
    // Looking in from outside, the pid is the one that we see.
    const inside = await meet(name, [], prefix);
    expect(inside.server).toMatchObject({ event: 'connection', peer: { uid: 0, pid: expect.any(Number) } });
    expect((inside.server.peer as { pid: number }).pid).not.toBe(inside.client.pid);
    // Looking out from inside, there is no such process: the kernel says 0.
    expect(inside.client).toMatchObject({ event: 'dialed', peer: { uid: 0 } });
    expect(inside.client.peer).not.toHaveProperty('pid');
    for (const process of processes) await process.kill('SIGKILL');
    const outside = await meet(name, prefix, []);
    expect(outside.server).toMatchObject({ event: 'connection', peer: { uid: 0 } });
    expect(outside.server.peer).not.toHaveProperty('pid');
    expect(outside.client).toMatchObject({ event: 'dialed', peer: { uid: 0, pid: expect.any(Number) } });
  });

  it('another user comes as that user', async (context) => {
    needs(context, asUser(1234));
    const { client, server } = await meet(name, [], asUser(1234));
    expect(client).toMatchObject({ event: 'dialed', peer: { uid: 0 } });
    expect(server.peer).toEqual({ uid: 1234, gid: 1234, groups: [], pid: client.pid, endpoint: name });
  });

  it('root of a user namespace comes as the user who made it', async (context) => {
    needs(context, [...asUser(1234), 'unshare', '--user', '--map-root-user']);
    const { client, server } = await meet(name, [], [...asUser(1234), 'unshare', '--user', '--map-root-user']);
    // To it, we have no number.
    expect(client.peer).toEqual({ groups: [], pid: expect.any(Number), endpoint: name });
    expect(server).toMatchObject({ event: 'connection', peer: { uid: 1234, gid: 1234 } });
  });

  it('does not take a user without a number for nobody, not even for itself', async (context) => {
    const prefix = ['unshare', '--user', '--map-user=65534'];
    needs(context, prefix);
    // It runs as 65534 itself, which is also how everybody else looks to it.
    const policies: SocketProcessOptions['allowPeer'][] = ['sameUser', { users: [65534] }, { groups: [65534] }];
    for (const allowPeer of policies) {
      const server = start('listen', name, allowPeer === undefined ? {} : { allowPeer }, { prefix });
      expect(await server.next()).toMatchObject({ event: 'listening' });
      start('dial', name, { uid: 1234, gid: 1234, groups: [], allowPeer: 'anyone' });
      expect(await server.next()).toMatchObject({
        event: 'refused',
        peer: { groups: [] },
        reason: expect.stringContaining('a peer whose user is unknown'),
      });
      await server.kill('SIGKILL');
    }
    const { server } = await meet(name, prefix, asUser(1234));
    expect(server.peer).toEqual({ groups: [], pid: expect.any(Number), endpoint: name });
  });

  it('does not trust a server without a number', async (context) => {
    const prefix = [...asUser(1234), 'unshare', '--user', '--map-root-user'];
    needs(context, prefix);
    const server = start('listen', name, { allowPeer: 'anyone', tellBytes: true });
    await server.next();
    const client = start('dial', name, { send: 'secret' }, { prefix });
    expect(await client.next()).toMatchObject({
      event: 'failed',
      code: 'ERR_PODWIRE_PEER_REFUSED',
      message: expect.stringContaining('user is unknown'),
    });
    expect(await server.next()).toMatchObject({ event: 'connection', peer: { uid: 1234 } });
    expect(await server.next()).toEqual({ event: 'disconnected', bytes: 0 });
  });

  it('refuses root without a policy at the start, of a user namespace, too', async (context) => {
    const prefix = [...asUser(1234), 'unshare', '--user', '--map-root-user'];
    needs(context, prefix);
    for (const options of [{}, { prefix }]) {
      expect(await start('listen', name, {}, options).next()).toMatchObject({
        event: 'failed',
        code: 'ERR_PODWIRE_POLICY_REQUIRED',
        message: expect.stringContaining('allowPeer: users(0)'),
      });
    }
    await expect(dialSocket(abstract)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('sends nothing to a squatter of another user', async (context) => {
    needs(context, asUser(1234));
    const squatter = start('listen', name, { allowPeer: 'anyone', tellBytes: true }, { prefix: asUser(1234) });
    expect(await squatter.next()).toMatchObject({ event: 'listening' });
    const channel = createChannel(name, { waitForReady: true });
    const call = createClient(HealthDefinition, channel).check({ service: 'secret' }, { timeoutMs: 10_000 });
    await expect(call).rejects.toMatchObject({ code: 7, message: expect.stringMatching(/uid 1234.*nothing was sent/) });
    await channel.close();
    expect(await squatter.next()).toMatchObject({ event: 'connection' });
    expect(await squatter.next()).toEqual({ event: 'disconnected', bytes: 0 });
  });
});

describe('from another network namespace', () => {
  it('an abstract name is not there, and the error says so', async (context) => {
    needs(context, ['ip', 'netns', 'list']);
    // It outlives a run that is killed, and pids come again.
    const space = `podwire-${randomUUID()}`;
    execFileSync('ip', ['netns', 'add', space]);
    try {
      const prefixes = [
        ['ip', 'netns', 'exec', space],
        ['unshare', '--net'],
      ];
      const server = start('listen', name, { allowPeer: 'anyone' });
      await server.next();
      for (const prefix of prefixes) {
        const client = start('dial', name, { allowPeer: 'anyone' }, { prefix });
        expect(await client.next()).toMatchObject({
          event: 'failed',
          code: 'ECONNREFUSED',
          message: expect.stringContaining('in this network namespace'),
        });
        // And the name is free there.
        const other = start('listen', name, { allowPeer: 'anyone' }, { prefix });
        expect(await other.next()).toMatchObject({ event: 'listening' });
        await other.end();
      }
      const { socket } = await dialSocket(abstract);
      expect(await server.next()).toMatchObject({ event: 'connection' });
      const closed = once(socket, 'close');
      socket.destroy();
      await closed;
    } finally {
      for (const process of processes) await process.kill('SIGKILL');
      execFileSync('ip', ['netns', 'del', space]);
    }
  });

  it('a path is found all the same, by whoever sees the file', async (context) => {
    needs(context, ['unshare', '--net']);
    const { client, server } = await meet(path, [], ['unshare', '--net']);
    expect(client).toMatchObject({ event: 'dialed', peer: { uid: 0, pid: expect.any(Number) } });
    expect(server).toMatchObject({ event: 'connection', peer: { uid: 0, pid: client.pid } });
  });

  it('a path is hidden by another mount on its folder', async (context) => {
    needs(context, ['unshare', '--mount']);
    const hide = ['unshare', '--mount', 'sh', '-c', `mount -t tmpfs none ${folder} && exec "$0" "$@"`];
    const { client } = await meet(path, [], hide);
    expect(client).toMatchObject({ event: 'failed', code: 'ENOENT', message: expect.stringContaining('mounts') });
  });

  it('a live path of another network namespace is not stolen', async (context) => {
    needs(context, ['unshare', '--net']);
    const server = start('listen', path);
    await server.next();
    const thief = start('listen', path, {}, { prefix: ['unshare', '--net'] });
    expect(await thief.next()).toMatchObject({
      event: 'failed',
      code: 'EADDRINUSE',
      holder: { pid: server.child.pid },
    });
  });
});

import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Endpoint, PathEndpoint } from '../../src/endpoint/endpoint.js';
import { EndpointError } from '../../src/endpoint/endpoint-error.js';
import { printEndpoint } from '../../src/endpoint/print-endpoint.js';
import { bindPath } from '../../src/socket/bind-path.js';
import { dialSocket } from '../../src/socket/dial-socket.js';
import { libc } from '../../src/socket/libc.js';
import type { ListenOptions } from '../../src/socket/listen-options.js';
import { anyone } from '../../src/socket/peer-policy.js';
import { socketAddress } from '../../src/socket/socket-address.js';
import { listenSocket, type SocketListener } from '../../src/socket/socket-listener.js';
import { unixStreamSocket } from '../../src/socket/unix-stream-socket.js';
import { openDescriptors } from './open-descriptors.js';
import type { SocketProcessOptions } from './socket-process.js';
import { bundleSocketProcess, type SocketProcess, startSocketProcess } from './start-socket-process.js';

/** How often each fault is injected: PODWIRE_FAULTS=1000 for the full measure. */
const faults = Number(process.env.PODWIRE_FAULTS ?? 20);
const timeout = 60_000 + faults * 2_000;

let bundle: string;
let folder: string;
let endpoint: PathEndpoint;
let before: readonly string[];
let processes: SocketProcess[];
let listeners: SocketListener[];
let injected = 0;

beforeAll(async () => {
  bundle = await bundleSocketProcess();
});

afterAll(() => {
  unlinkSync(bundle);
  console.log(`${injected} faults were injected into sockets`);
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-'));
  chmodSync(folder, 0o755);
  endpoint = { kind: 'path', path: join(folder, 'x.sock') };
  processes = [];
  listeners = [];
  before = openDescriptors(folder);
});

/** Nothing is left of any fault. */
afterEach(async () => {
  for (const process of processes) await process[Symbol.asyncDispose]();
  for (const listener of listeners) await listener.close();
  await until(() => openDescriptors(folder).length <= before.length);
  const after = openDescriptors(folder);
  rmSync(folder, { recursive: true });
  expect(after).toEqual(before);
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

function start(action: 'listen' | 'dial', at: Endpoint, options: SocketProcessOptions = {}): SocketProcess {
  const process = startSocketProcess(action, printEndpoint(at), options, { bundle });
  processes.push(process);
  return process;
}

/** An echo server in this process. */
async function listen(at: Endpoint = endpoint, options: ListenOptions = {}): Promise<SocketListener> {
  const listener = await listenSocket(at, options, {
    onConnection(socket) {
      socket.on('error', () => {});
      socket.pipe(socket);
    },
    onRefused: (socket) => socket.destroy(),
  });
  listeners.push(listener);
  return listener;
}

/** That whoever listens serves. */
async function expectEcho(at: Endpoint = endpoint): Promise<void> {
  const { socket } = await dialSocket(at, { allowServer: anyone(), timeoutMs: 60_000 });
  await echo(socket);
}

async function echo(socket: Socket): Promise<void> {
  const arrived = once(socket, 'data');
  socket.write('hello');
  socket.resume();
  expect(String((await arrived)[0])).toBe('hello');
  const closed = once(socket, 'close');
  socket.destroy();
  await closed;
}

/** The kinds of descriptors that another process has open. */
function descriptorsOf({ child }: SocketProcess): readonly string[] {
  const targets = readdirSync(`/proc/${child.pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${child.pid}/fd/${fd}`).replace(/\d+/g, '');
    } catch {
      return 'gone';
    }
  });
  return targets.filter((target) => target !== 'gone').sort();
}

describe('starting over what is in the way', () => {
  it(
    'replaces a socket that was bound and never listens, however often',
    async () => {
      for (let fault = 0; fault < faults; fault++, injected++) {
        const fd = unixStreamSocket(endpoint);
        expect(libc().bind(fd, socketAddress(endpoint))).toBe(0);
        const listener = await listen();
        await expectEcho();
        // The one that was too late reaches nobody, and takes nothing away.
        expect(libc().listen(fd, 5)).toBe(0);
        await expectEcho();
        closeSync(fd);
        await listener.close();
        expect(readdirSync(folder)).toEqual([]);
      }
    },
    timeout,
  );

  it(
    'lets one of two, and of fifty, have a stale path',
    async () => {
      for (let fault = 0; fault < Math.ceil(faults / 4); fault++, injected++) {
        for (const starters of [2, 50]) {
          closeSync((await bindPath(endpoint, {}, 5)).fd);
          expect(lstatSync(endpoint.path).isSocket()).toBe(true);
          const results = await Promise.allSettled(Array.from({ length: starters }, () => listen()));
          const won = results.filter((result) => result.status === 'fulfilled');
          expect(won.length).toBe(1);
          for (const result of results) {
            if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'EADDRINUSE' });
          }
          await expectEcho();
          await won[0]!.value.close();
          expect(readdirSync(folder)).toEqual([]);
        }
      }
    },
    timeout,
  );

  it(
    'lets one of fifty processes have a stale path',
    async () => {
      closeSync((await bindPath(endpoint, {}, 5)).fd);
      const starters = Array.from({ length: Math.min(faults, 50) }, () => start('listen', endpoint, { quiet: true }));
      const events = await Promise.all(starters.map((starter) => starter.next()));
      injected += starters.length;
      expect(events.filter(({ event }) => event === 'listening').length).toBe(1);
      for (const event of events) {
        if (event.event !== 'listening') expect(event).toMatchObject({ event: 'failed', code: 'EADDRINUSE' });
      }
      await expectEcho();
      expect(readdirSync(folder)).toEqual(['x.sock']);
    },
    timeout,
  );

  it(
    'starts again after every SIGKILL, on a path and on a name',
    async () => {
      const abstract: Endpoint = { kind: 'abstract', name: Buffer.from(`podwire-faults-${process.pid}`) };
      for (let fault = 0; fault < faults; fault++, injected++) {
        const at = fault % 2 === 0 ? endpoint : abstract;
        const server = start('listen', at, { quiet: true, ...(at === abstract && { allowPeer: 'anyone' }) });
        expect(await server.next()).toMatchObject({ event: 'listening' });
        await expectEcho(at);
        await server.kill('SIGKILL');
        processes.length = 0;
      }
      expect(readdirSync(folder)).toEqual(['x.sock']);
    },
    timeout,
  );

  it('keeps a dangling link and what it leads to, when it listens and when it dials', async () => {
    symlinkSync('nowhere', endpoint.path);
    await expect(listen()).rejects.toMatchObject({ code: 'EADDRINUSE', message: expect.stringContaining('symbolic') });
    await expect(dialSocket(endpoint)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(readdirSync(folder)).toEqual(['x.sock']);
    unlinkSync(endpoint.path);
    await listen();
    await expectEcho();
    injected++;
  });

  it(
    'does not take the file of a successor along when it closes',
    async () => {
      let last = await listen(endpoint, { onLost: () => {} });
      for (let fault = 0; fault < faults; fault++, injected++) {
        unlinkSync(endpoint.path);
        const next = await listen(endpoint, { onLost: () => {} });
        await last.close();
        await expectEcho();
        last = next;
      }
      await last.close();
      expect(readdirSync(folder)).toEqual([]);
    },
    timeout,
  );

  it('neither cuts nor pads a long name', async () => {
    const longest: PathEndpoint = { kind: 'path', path: join(folder, 'x'.repeat(107 - folder.length - 1)) };
    await listen(longest);
    await expectEcho(longest);
    const tooLong: Endpoint[] = [
      { kind: 'path', path: `${longest.path}x` },
      { kind: 'abstract', name: new Uint8Array(108).fill(0x78) },
    ];
    for (const at of tooLong) {
      await expect(listen(at)).rejects.toThrow(EndpointError);
      await expect(dialSocket(at)).rejects.toThrow(EndpointError);
      injected += 2;
    }
    expect(readdirSync(folder).length).toBe(1);
    await expectEcho(longest);
  });

  it('reports a folder that it may not write, and listens when it may', async (context) => {
    context.skip(process.geteuid?.() !== 0, 'needs root, to be another user');
    const nobody = { uid: 1234, gid: 1234, groups: [] };
    for (const mode of [0o755, 0o711, 0o555]) {
      chmodSync(folder, mode);
      expect(await start('listen', endpoint, nobody).next()).toMatchObject({
        event: 'failed',
        code: 'EACCES',
        message: expect.stringMatching(/write/),
      });
      injected++;
    }
    chmodSync(folder, 0o777);
    expect(await start('listen', endpoint, { ...nobody, mode: 0o666 }).next()).toMatchObject({ event: 'listening' });
    await expectEcho();
  });
});

describe('a server', () => {
  it(
    'serves all of a storm of dials that overruns its backlog',
    async () => {
      const storm = Math.min(faults * 10, 10_000);
      const server = start('listen', endpoint, { quiet: true, backlog: 8, maxConnections: 20_000 });
      await server.next();
      const calm = descriptorsOf(server);
      await expectEcho();
      // All at once: each connect(2) but the first nine finds the backlog full.
      await Promise.all(Array.from({ length: storm }, () => expectEcho()));
      injected += storm;
      await until(() => descriptorsOf(server).length <= calm.length);
      expect(descriptorsOf(server)).toEqual(calm);
      await expectEcho();
      await server.end();
      expect(await server.next()).toMatchObject({ event: 'closed', counters: { accepted: storm + 2, refused: 0 } });
    },
    timeout,
  );

  it(
    'outlives clients that are killed, stopped, or leave at once',
    async () => {
      const server = start('listen', endpoint, { quiet: true });
      await server.next();
      const calm = descriptorsOf(server);
      await expectEcho();
      for (let fault = 0; fault < Math.ceil(faults / 4); fault++, injected += 3) {
        const killed = start('dial', endpoint);
        const stopped = start('dial', endpoint);
        await Promise.all([killed.next(), stopped.next()]);
        stopped.child.kill('SIGSTOP');
        await killed.kill('SIGKILL');
        const { socket } = await dialSocket(endpoint);
        socket.on('error', () => {});
        socket.write(Buffer.alloc(1 << 20));
        socket.destroy();
        await expectEcho();
        await stopped.kill('SIGKILL');
      }
      await until(() => descriptorsOf(server).length <= calm.length);
      expect(descriptorsOf(server)).toEqual(calm);
    },
    timeout,
  );

  it(
    'is not there: says so, many times over, and leaves nothing',
    async () => {
      const abstract: Endpoint = { kind: 'abstract', name: Buffer.from(`podwire-nobody-${process.pid}`) };
      for (let fault = 0; fault < faults * 10; fault++, injected += 2) {
        await expect(dialSocket(endpoint)).rejects.toMatchObject({ code: 'ENOENT' });
        await expect(dialSocket(abstract)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      }
      expect(existsSync(endpoint.path)).toBe(false);
      await listen();
      await expectEcho();
    },
    timeout,
  );
});

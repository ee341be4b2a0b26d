import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { expect } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import type { PathEndpoint } from '../../src/endpoint/endpoint.js';
import { EndpointError } from '../../src/endpoint/endpoint-error.js';
import { createServer } from '../../src/server/server.js';
import { bindPath } from '../../src/socket/bind-path.js';
import { errnoName, libc } from '../../src/socket/libc.js';
import type { ListenOptions } from '../../src/socket/listen-options.js';
import { sameUser } from '../../src/socket/peer-policy.js';
import { socketAddress } from '../../src/socket/socket-address.js';
import { listenSocket, type SocketListener } from '../../src/socket/socket-listener.js';
import { unixStreamSocket } from '../../src/socket/unix-stream-socket.js';
import { plainPodInfo } from '../server/serve-podinfo.js';
import { failureOf } from './failure-of.js';
import type { Bench, Fault } from './fault.js';
import type { FaultProcess } from './start-fault-process.js';

const endpointIn = ({ folder }: Bench): PathEndpoint => ({ kind: 'path', path: `${folder}/x.sock` });

/** Leaves a socket file that nobody listens on, as a process does that is killed. */
async function leaveStale(endpoint: PathEndpoint): Promise<void> {
  closeSync((await bindPath(endpoint, {}, 5)).fd);
  expect(lstatSync(endpoint.path).isSocket()).toBe(true);
}

/** Listens there in spite of all, serves a call, and leaves nothing. */
async function takesOver(bench: Bench, { path }: PathEndpoint): Promise<void> {
  const server = createServer().add(PodInfoDefinition, plainPodInfo);
  await server.listen(path);
  const { podinfo, close } = bench.open(path);
  expect(await podinfo.describe({ text: 'Hello.' })).toEqual({ reply: 'Hello. And a reply from the server.' });
  await close();
  await server.shutdown();
  expect(readdirSync(bench.folder)).toEqual([]);
}

async function listen(path: string, options: ListenOptions = {}): Promise<SocketListener> {
  return listenSocket({ kind: 'path', path }, options, {
    onConnection: (socket) => socket.destroy(),
    onRefused: (socket) => socket.destroy(),
  });
}

/** A server that must not start, and must say so. */
function refuses(name: string, expected: object, put: (path: string) => void, remove: (path: string) => void): Fault {
  return {
    name,
    full: 20,
    inject: async (bench) => {
      const { path } = endpointIn(bench);
      put(path);
      const before = lstatSync(path, { throwIfNoEntry: false });
      expect(await failureOf(listen(path))).toMatchObject(expected);
      // What was there is there.
      expect(lstatSync(path, { throwIfNoEntry: false })?.ino).toBe(before?.ino);
      remove(path);
      await takesOver(bench, { kind: 'path', path });
    },
  };
}

const inUse = (what: string) => ({ code: 'EADDRINUSE', message: expect.stringContaining(what) });

/** What is in the way of a server that starts. */
export const listenFaults: readonly Fault[] = [
  {
    name: 'a stale file',
    full: 20,
    inject: async (bench) => {
      await leaveStale(endpointIn(bench));
      await takesOver(bench, endpointIn(bench));
    },
  },
  {
    name: 'a live holder, on a path and on a name',
    full: 20,
    count: () => 2,
    inject: async ({ path, abstract, server: { pid } }) => {
      const { ino } = lstatSync(path);
      const second = createServer();
      expect(await failureOf(second.listen(path))).toMatchObject({
        code: 'EADDRINUSE',
        holder: { pid },
        message: expect.stringContaining(`process ${pid}`),
      });
      // Whose a name is takes a search of /proc, which has its time limit.
      const taken = { code: 'EADDRINUSE', message: expect.stringContaining('taken') };
      expect(await failureOf(second.listen(abstract, { allowPeer: sameUser() }))).toMatchObject(taken);
      expect(lstatSync(path).ino).toBe(ino);
      await second.shutdown();
    },
  },
  {
    name: 'a live holder that is stopped',
    inject: async ({ path, server }) => {
      server.signal('SIGSTOP');
      try {
        expect(await failureOf(listen(path))).toMatchObject({ code: 'EADDRINUSE', holder: { pid: server.pid } });
      } finally {
        server.signal('SIGCONT');
      }
    },
  },
  {
    name: 'a live holder whose backlog is full',
    inject: async (bench) => {
      const endpoint = endpointIn(bench);
      const { fd } = await bindPath(endpoint, {}, 1);
      const waiting = fillBacklog(endpoint);
      expect(await failureOf(listen(endpoint.path))).toMatchObject({
        code: 'EADDRINUSE',
        holder: { pid: process.pid },
      });
      for (const socket of [...waiting, fd]) closeSync(socket);
      await takesOver(bench, endpoint);
    },
  },
  {
    name: 'a socket that is bound and never listens',
    full: 20,
    inject: async (bench) => {
      const endpoint = endpointIn(bench);
      const fd = unixStreamSocket(endpoint);
      expect(libc().bind(fd, socketAddress(endpoint))).toBe(0);
      const listener = await listen(endpoint.path);
      // The one that was too late reaches nobody, and takes nothing away.
      expect(libc().listen(fd, 5)).toBe(0);
      expect(await failureOf(listen(endpoint.path))).toMatchObject({ code: 'EADDRINUSE' });
      closeSync(fd);
      await listener.close();
      await takesOver(bench, endpoint);
    },
  },
  refuses(
    'a regular file',
    inUse('a regular file'),
    (path) => writeFileSync(path, 'precious'),
    (path) => unlinkSync(path),
  ),
  refuses(
    'a directory',
    inUse('a directory'),
    (path) => mkdirSync(path),
    (path) => rmSync(path, { recursive: true }),
  ),
  refuses(
    'a symbolic link to a socket',
    inUse('a symbolic link'),
    (path) => symlinkSync('../server.sock', path),
    (path) => unlinkSync(path),
  ),
  refuses(
    'a dangling symbolic link',
    inUse('a symbolic link'),
    (path) => symlinkSync('nowhere', path),
    (path) => unlinkSync(path),
  ),
  {
    name: 'a folder that is missing',
    full: 20,
    inject: async ({ folder }) => {
      const missing = { code: 'ENOENT', message: expect.stringContaining('createParent') };
      expect(await failureOf(listen(`${folder}/missing/x.sock`))).toMatchObject(missing);
    },
  },
  {
    name: 'a folder that it may not write',
    full: 20,
    inject: async (bench) => {
      const { path } = endpointIn(bench);
      const isRoot = process.geteuid?.() === 0;
      chmodSync(bench.folder, 0o555);
      // To root every folder is writable.
      if (isRoot) process.seteuid?.(1234);
      try {
        expect(await failureOf(listen(path))).toMatchObject({
          code: 'EACCES',
          message: expect.stringMatching(/write/),
        });
      } finally {
        if (isRoot) process.seteuid?.(0);
        chmodSync(bench.folder, 0o755);
      }
      await takesOver(bench, { kind: 'path', path });
    },
  },
  {
    name: 'a name that is too long, to listen on and to dial',
    full: 20,
    count: () => 3,
    inject: async (bench) => {
      const room = 107 - bench.folder.length - 1;
      await takesOver(bench, { kind: 'path', path: `${bench.folder}/${'x'.repeat(room)}` });
      const tooLong = `${bench.folder}/${'x'.repeat(room + 1)}`;
      const tooLongName = `unix-abstract:${'x'.repeat(108)}`;
      expect(await failureOf(listen(tooLong))).toBeInstanceOf(EndpointError);
      expect(await failureOf(createServer().listen(tooLongName, { allowPeer: sameUser() }))).toBeInstanceOf(
        EndpointError,
      );
      expect(() => bench.open(tooLong)).toThrow(EndpointError);
      expect(readdirSync(bench.folder)).toEqual([]);
    },
  },
  {
    name: 'its successor, when it closes',
    full: 20,
    inject: async (bench) => {
      const { path } = endpointIn(bench);
      const first = await listen(path, { onLost: () => {} });
      unlinkSync(path);
      const second = await listen(path, { onLost: () => {} });
      await first.close();
      expect(lstatSync(path).isSocket()).toBe(true);
      await second.close();
      await takesOver(bench, { kind: 'path', path });
    },
  },
  race(2),
  race(50),
  raceOfProcesses(),
];

/** Starters of one process over one stale path. */
function race(starters: number): Fault {
  return {
    full: 5,
    name: `${starters - 1} more that start at the same moment`,
    count: () => starters,
    inject: async (bench) => {
      const endpoint = endpointIn(bench);
      await leaveStale(endpoint);
      const results = await Promise.allSettled(Array.from({ length: starters }, () => listen(endpoint.path)));
      const won = results.filter((result) => result.status === 'fulfilled');
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'EADDRINUSE' });
      }
      expect(won).toHaveLength(1);
      await won[0].value.close();
      await takesOver(bench, endpoint);
    },
  };
}

/** The same with a process for each, all of them alive through all rounds. */
function raceOfProcesses(): Fault {
  let starters: FaultProcess[] = [];
  return {
    name: 'other processes that start at the same moment',
    full: 2,
    count: () => starters.length,
    prepare: async ({ full, folder, take }) => {
      starters = [];
      for (let count = full ? 50 : 5; count > 0; count--) starters.push(await take());
      for (const starter of starters) {
        // Opens what libuv opens once for a process, as for watching a folder.
        await starter.request('listen', `${folder}/x.sock`);
        await starter.request('shutdown');
      }
      return starters;
    },
    inject: async (bench) => {
      const endpoint = endpointIn(bench);
      await leaveStale(endpoint);
      const results = await Promise.allSettled(starters.map((starter) => starter.request('listen', endpoint.path)));
      const winner = starters.find((_, index) => results[index].status === 'fulfilled');
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'EADDRINUSE' });
      }
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(readdirSync(bench.folder)).toEqual(['x.sock']);
      await winner?.request('shutdown');
      await takesOver(bench, endpoint);
    },
  };
}

/** Connects until one more would have to wait. @returns the sockets. */
export function fillBacklog(endpoint: PathEndpoint): number[] {
  const waiting: number[] = [];
  for (;;) {
    const fd = unixStreamSocket(endpoint);
    waiting.push(fd);
    const result = libc().connect(fd, socketAddress(endpoint));
    if (result === 0) continue;
    expect(errnoName(result)).toBe('EAGAIN');
    return waiting;
  }
}

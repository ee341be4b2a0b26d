import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AbstractEndpoint, PathEndpoint } from '../../src/endpoint/endpoint.js';
import { printEndpoint } from '../../src/endpoint/print-endpoint.js';
import { dialSocket } from '../../src/socket/dial-socket.js';
import { libc } from '../../src/socket/libc.js';
import { nodeNamesAreExact } from '../../src/socket/node-names-are-exact.js';
import { anyone } from '../../src/socket/peer-policy.js';
import { knowsPeers } from './knows-peers.js';
import type { SocketProcessOptions } from './socket-process.js';
import { type SocketProcess, startSocketProcess, withoutPackages } from './start-socket-process.js';

/** Runs in a state of its own, too: see without-packages.cjs. Here the programs are started in each state. */
const states: readonly { readonly without: readonly string[] }[] = [
  { without: ['koffi'] },
  { without: ['koffi', 'abstract-socket'] },
];
const isRoot = process.geteuid?.() === 0;

let folder: string;
let path: PathEndpoint;
let abstract: AbstractEndpoint;
let processes: SocketProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-'));
  chmodSync(folder, 0o755);
  path = { kind: 'path', path: join(folder, 'x.sock') };
  abstract = { kind: 'abstract', name: Buffer.from(`podwire-without-${process.pid}-${Math.random()}`) };
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

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url)(name);
    return true;
  } catch {
    return false;
  }
}

describe.each([...(knowsPeers ? [{ without: [] }] : []), ...states])(
  'a socket file, without $without',
  ({ without }) => {
    it.each([
      [undefined, undefined],
      [0o660, undefined],
      [0o640, 1234],
    ])('never shows the file with more than its mode (%s, owner %s)', async (mode, owner) => {
      if (owner !== undefined && !isRoot) return;
      const server = start(
        'listen',
        printEndpoint(path),
        { umask: 0, ...(mode !== undefined && { mode }), ...(owner !== undefined && { owner }) },
        { without },
      );
      let listening = false;
      const done = server.next().then((event) => {
        expect(event).toMatchObject({ event: 'listening' });
        listening = true;
      });
      const seen = new Set<string>();
      while (!listening) {
        for (let look = 0; look < 1_000; look++) {
          const found = lstatSync(path.path, { throwIfNoEntry: false });
          if (found !== undefined) seen.add(`${found.uid} ${(found.mode & 0o777).toString(8)}`);
        }
        await new Promise(setImmediate);
      }
      await done;
      const final = lstatSync(path.path);
      const want = `${owner ?? process.geteuid!()} ${(mode ?? 0o600).toString(8)}`;
      expect(`${final.uid} ${(final.mode & 0o777).toString(8)}`).toBe(want);
      seen.delete(want);
      // By node:net it listens before it has its owner, and is nobody's so long; by libc it does not listen yet.
      const early = without.includes('koffi') ? '0' : want.split(' ')[1];
      if (owner !== undefined) for (const uid of [0, owner]) seen.delete(`${uid} ${early}`);
      expect([...seen]).toEqual([]);
    });
  },
);

// Without koffi there is no lock.
if (knowsPeers) {
  it('gives up when somebody keeps the folder locked, and leaves nothing', async () => {
    const lock = openSync(folder, 'r');
    expect(libc().tryLock(lock)).toBe(0);
    expect(await start('listen', printEndpoint(path)).next()).toMatchObject({
      event: 'failed',
      code: 'EAGAIN',
      message: expect.stringContaining('find it with lslocks'),
    });
    expect(readdirSync(folder)).toEqual([]);
    closeSync(lock);
  });
}

describe.each(states)('without $without', ({ without }) => {
  const canAbstract = nodeNamesAreExact() || (!without.includes('abstract-socket') && isInstalled('abstract-socket'));

  it('serves a path, without knowing whom', async () => {
    const server = start('listen', printEndpoint(path), {}, { without });
    expect(await server.next()).toMatchObject({ event: 'listening' });
    const client = start('dial', printEndpoint(path), { send: 'hello' }, { without });
    expect(await client.next()).toMatchObject({
      event: 'dialed',
      peer: { groups: [], endpoint: printEndpoint(path) },
    });
    expect(await client.next()).toEqual({ event: 'closed', echo: 'hello' });
    expect(await server.next()).toEqual({ event: 'connection', peer: { groups: [], endpoint: printEndpoint(path) } });
    expect(readdirSync(folder)).toEqual(['x.sock']);
    await server.end();
    expect(await server.next()).toMatchObject({ event: 'closed', counters: { accepted: 1 } });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes over from the dead, and steals from nobody', async () => {
    const killed = start('listen', printEndpoint(path), {}, { without });
    await killed.next();
    await killed.kill('SIGKILL');
    const server = start('listen', printEndpoint(path), {}, { without });
    expect(await server.next()).toMatchObject({ event: 'listening' });
    const thief = start('listen', printEndpoint(path), {}, { without });
    expect(await thief.next()).toMatchObject({
      event: 'failed',
      code: 'EADDRINUSE',
      message: expect.stringContaining('a live server'),
    });
    writeFileSync(join(folder, 'file'), 'precious');
    const file = start('listen', printEndpoint({ kind: 'path', path: join(folder, 'file') }), {}, { without });
    expect(await file.next()).toMatchObject({ event: 'failed', code: 'EADDRINUSE' });
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('precious');
  });

  it('does not remove what has replaced its file', async () => {
    const server = start('listen', printEndpoint(path), {}, { without });
    await server.next();
    writeFileSync(join(folder, 'new'), 'precious');
    renameSync(join(folder, 'new'), path.path);
    expect(await server.next()).toMatchObject({ event: 'lost', message: expect.stringContaining('replaced') });
    await server.end();
    expect(server.child.exitCode).toBe(0);
    expect(readFileSync(path.path, 'utf8')).toBe('precious');
  });

  it('listens again on a lost path', async () => {
    const server = start('listen', printEndpoint(path), { relisten: true }, { without });
    await server.next();
    rmSync(path.path);
    expect(await server.next()).toMatchObject({ event: 'relistened' });
    const { socket } = await dialSocket(path);
    expect(await server.next()).toMatchObject({ event: 'connection' });
    socket.destroy();
    await server.end();
    expect(existsSync(path.path)).toBe(false);
  });

  it('refuses a policy that it cannot hold, on both sides', async () => {
    const policies: readonly [SocketProcessOptions, string][] = [
      [{ allowPeer: { users: [0] } }, 'users(0)'],
      [{ allowPeer: 'sameUser' }, 'sameUser()'],
    ];
    for (const [options, policy] of policies) {
      for (const action of ['listen', 'dial'] as const) {
        expect(await start(action, printEndpoint(path), options, { without }).next()).toMatchObject({
          event: 'failed',
          code: 'ERR_PODWIRE_UNSUPPORTED',
          message: expect.stringContaining(`${policy} would refuse everybody. Install koffi`),
        });
      }
    }
    const protectedPath = start('dial', printEndpoint(path), { allowPeer: 'anyone', protectedPath: true }, { without });
    expect(await protectedPath.next()).toMatchObject({
      event: 'failed',
      code: 'ERR_PODWIRE_UNSUPPORTED',
      message: expect.stringContaining('protectedPath cannot be checked here; install koffi'),
    });
    // Whose default on an abstract name is a policy, which cannot be held either.
    const dial = start('dial', printEndpoint(abstract), {}, { without });
    expect(await dial.next()).toMatchObject({
      event: 'failed',
      message: expect.stringContaining('allowServer: anyone()'),
    });
    expect(existsSync(path.path)).toBe(false);
  });

  it('has an exact abstract name, or says what to install', async () => {
    const options = { allowPeer: 'anyone', send: 'hello' } as const;
    const server = start('listen', printEndpoint(abstract), options, { without });
    if (!canAbstract) {
      const failure = {
        event: 'failed',
        code: 'ERR_PODWIRE_UNSUPPORTED',
        message: expect.stringMatching(/pads abstract names.*Install koffi .*abstract-socket/),
      };
      expect(await server.next()).toMatchObject(failure);
      expect(await start('dial', printEndpoint(abstract), options, { without }).next()).toMatchObject(failure);
      return;
    }
    expect(await server.next()).toMatchObject({ event: 'listening' });
    // Others find it under the name as it is written ...
    const { socket } = await dialSocket(abstract, { allowServer: anyone() });
    expect(await server.next()).toMatchObject({ event: 'connection' });
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
    // ... it finds others ...
    const client = start('dial', printEndpoint(abstract), options, { without });
    expect(await client.next()).toMatchObject({ event: 'dialed' });
    expect(await client.next()).toEqual({ event: 'closed', echo: 'hello' });
    // ... and takes no name that is taken.
    expect(await start('listen', printEndpoint(abstract), options, { without }).next()).toMatchObject({
      event: 'failed',
      code: 'EADDRINUSE',
      message: expect.stringContaining('the name is taken'),
    });
    await server.kill('SIGKILL');
    expect(await start('dial', printEndpoint(abstract), options, { without }).next()).toMatchObject({
      event: 'failed',
      code: 'ECONNREFUSED',
    });
  });

  it('says what it cannot do', async () => {
    const bytes = printEndpoint({ kind: 'abstract', name: Buffer.from([0xff, 0xfe]) });
    for (const [endpoint, message] of [
      [bytes, 'not UTF-8 needs koffi'],
      ['fd:3', 'an inherited socket is checked through koffi'],
    ] as const) {
      expect(await start('listen', endpoint, { allowPeer: 'anyone' }, { without }).next()).toMatchObject({
        event: 'failed',
        code: 'ERR_PODWIRE_UNSUPPORTED',
        message: expect.stringContaining(message),
      });
    }
  });

  it('warns once, and keeps paths out of worker threads', () => {
    const url = JSON.stringify(fileURLToPath(new URL('../../src/socket/socket-listener.ts', import.meta.url)));
    const program = `
      const { listenSocket } = await import(${url});
      const { isMainThread, parentPort, Worker } = await import('node:worker_threads');
      const warnings = [];
      process.on('warning', (warning) => warnings.push(warning.code));
      for (const name of ['a', 'b']) {
        const endpoint = { kind: 'path', path: ${JSON.stringify(folder)} + '/' + name };
        await (await listenSocket(endpoint, {}, { onConnection() {}, onRefused() {} })).close();
      }
      const worker = new Worker(
        'require("tsx/cjs"); Promise.resolve(require(' + ${JSON.stringify(url)} + ')).then(({ listenSocket }) => listenSocket({ kind: "path", path: "c" }, {}, {}))' +
          '.catch(({ code, message }) => require("node:worker_threads").parentPort.postMessage([code, message]))',
        { eval: true, execArgv: [] },
      );
      worker.on('message', (failure) => console.log(JSON.stringify([warnings, ...failure])));
    `;
    const args = ['--import', 'tsx', '--input-type=module', '-e', program];
    const run = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      env: { ...process.env, ...withoutPackages(without) },
    });
    expect(JSON.parse(run.stdout)).toEqual([
      ['PODWIRE_WITHOUT_LIBC'],
      'ERR_PODWIRE_UNSUPPORTED',
      expect.stringContaining('in the main thread'),
    ]);
  });
});

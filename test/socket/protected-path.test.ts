import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createChannel } from '../../src/client/channel.js';
import { channelFactory } from '../../src/grpc-js/index.js';
import { type DialOptions, dialSocket } from '../../src/socket/dial-socket.js';
import { users } from '../../src/socket/peer-policy.js';
import { ProtectedPath } from '../../src/socket/protected-path.js';
import { needs } from './needs.js';
import { openDescriptors } from './open-descriptors.js';
import { type SocketProcess, startSocketProcess } from './start-socket-process.js';

const beforeRead = vi.hoisted(() => ({ call: () => {} }));

// The moment between the look at a link and the reading of it is too short for anybody else to hit it in a test.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const readlinkSync = (path: string): string => {
    beforeRead.call();
    return fs.readlinkSync(path);
  };
  return { ...fs, readlinkSync };
});

const isRoot = process.geteuid?.() === 0;
const needsRoot = 'needs root, to be other users';
const stranger = { uid: 1234, gid: 1234, groups: [] };

let folder: string;
let path: string;
let server: Server;
let accepted: number;
let processes: SocketProcess[];
let before: readonly string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-'));
  chmodSync(folder, 0o755);
  path = join(folder, 'x.sock');
  accepted = 0;
  processes = [];
  before = openDescriptors(folder);
  server = createServer((socket) => {
    accepted++;
    socket.on('error', () => {}).resume();
  });
  server.listen(path);
  await once(server, 'listening');
});

/** A refused dial must have given back what it held on the way. */
afterEach(async () => {
  for (const process of processes) await process[Symbol.asyncDispose]();
  await new Promise((resolve) => server.close(resolve));
  const after = openDescriptors(folder);
  rmSync(folder, { recursive: true });
  expect(after).toEqual(before);
});

function start(...parameters: Parameters<typeof startSocketProcess>): SocketProcess {
  const process = startSocketProcess(...parameters);
  processes.push(process);
  return process;
}

/** Dials, says hello to nobody, and hangs up. */
async function dial(path: string, options: DialOptions = {}): Promise<void> {
  const { socket } = await dialSocket({ kind: 'path', path }, { protectedPath: true, ...options });
  await hangUp(socket);
}

async function hangUp(socket: Socket): Promise<void> {
  const closed = once(socket, 'close');
  socket.destroy();
  await closed;
}

async function expectRefused(path: string, why: string, options?: DialOptions): Promise<void> {
  await expect(dial(path, options)).rejects.toMatchObject({
    code: 'ERR_PODWIRE_PEER_REFUSED',
    message: expect.stringContaining(why),
  });
}

describe('protectedPath', () => {
  it('connects where only root and we could have put the socket', async () => {
    await dial(path);
    // The folder of temporary files is one that everybody may write, but sticky.
    await dial(`${folder}/./../${basename(folder)}//x.sock`);
    const old = process.cwd();
    process.chdir(folder);
    try {
      await dial('x.sock');
      await dial('./x.sock');
    } finally {
      process.chdir(old);
    }
  });

  it('follows links that nobody else can have made: of files, folders, absolute and relative', async () => {
    mkdirSync(join(folder, 'a'));
    symlinkSync('../x.sock', join(folder, 'a/relative'));
    symlinkSync(path, join(folder, 'a/absolute'));
    symlinkSync('a/../a/', join(folder, 'b'));
    for (const name of ['a/relative', 'a/absolute', 'b/relative', 'b/absolute']) await dial(join(folder, name));
  });

  it.each(['770', '757', '777'])('refuses a folder of mode %s, before it connects', async (mode) => {
    chmodSync(folder, Number.parseInt(mode, 8));
    await expectRefused(path, `the folder ${folder} has mode 0${mode}, so others than its owner`);
    // Also further up, and behind a link.
    mkdirSync(join(folder, 'a'));
    symlinkSync('../x.sock', join(folder, 'a/x.sock'));
    await expectRefused(join(folder, 'a/x.sock'), `the folder ${folder} has mode`);
    // Without the option nobody looks. And this is the first that the server hears.
    const connected = once(server, 'connection');
    await dial(path, { protectedPath: false });
    await connected;
    expect(accepted).toBe(1);
  });

  it('refuses a folder of somebody else, unless he is the server', async (context) => {
    context.skip(!isRoot, needsRoot);
    chownSync(folder, 1234, 1234);
    await expectRefused(path, `the folder ${folder} belongs to uid 1234, who is not the server`);
    await expectRefused(path, 'belongs to uid 1234', { allowServer: users(0, 1234) });
    rmSync(path);
    const other = start('listen', `unix://${path}`, { ...stranger, mode: 0o666 });
    await other.next();
    await expectRefused(path, 'uid 1234, gid 1234');
    await dial(path, { allowServer: users(1234) });
  });

  it('refuses what somebody else has put into a folder for all', async (context) => {
    context.skip(!isRoot, needsRoot);
    const shared = join(folder, 'shared');
    mkdirSync(shared);
    chmodSync(shared, 0o1777);
    symlinkSync(path, join(shared, 'ours'));
    symlinkSync(path, join(shared, 'planted'));
    lchownSync(join(shared, 'planted'), 1234, 1234);
    await dial(join(shared, 'ours'));
    await expectRefused(join(shared, 'planted'), `the link ${shared}/planted belongs to uid 1234`);
    // Which leads to the right server: without the option nobody notices.
    await dial(join(shared, 'planted'), { protectedPath: false });

    linkSync(path, join(shared, 'borrowed'));
    await expectRefused(join(shared, 'borrowed'), 'borrowed has another name');
    // Here it could only have been made by us.
    await dial(path);

    const squatter = start('listen', `unix://${shared}/y.sock`, { ...stranger, mode: 0o666 });
    await squatter.next();
    await expectRefused(join(shared, 'y.sock'), 'uid 1234, gid 1234');
    await dial(join(shared, 'y.sock'), { allowServer: users(1234) });
  });

  it('does not follow a link that took the place of the one that it looked at', async () => {
    const link = join(folder, 'link');
    const planted = join(folder, 'planted');
    symlinkSync(path, link);
    symlinkSync(path, planted);
    beforeRead.call = () => renameSync(planted, link);
    try {
      await expect(dial(link)).rejects.toMatchObject({ code: 'ENOENT' });
    } finally {
      beforeRead.call = () => {};
    }
    expect(accepted).toBe(0);
    await dial(link);
  });

  it('refuses a link of /proc, which leads to what no path says', async () => {
    await expectRefused(`/proc/self/root${path}`.slice(0, 107), 'the link /proc/self of /proc');
  });

  it('holds the file that it has looked at', async () => {
    const held = new ProtectedPath(path, 'x');
    renameSync(path, join(folder, 'moved'));
    writeFileSync(path, '');
    await hangUp((await dialSocket(held.endpoint)).socket);
    held.close();
    await expect(dialSocket(held.endpoint)).rejects.toThrow();
  });

  it('says what is not there, as always', async () => {
    symlinkSync('loop', join(folder, 'loop'));
    writeFileSync(join(folder, 'file'), '');
    await expect(dial(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(dial(join(folder, 'none/x'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(dial(join(folder, 'file/x'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(dial(join(folder, 'loop'))).rejects.toMatchObject({ code: 'ELOOP' });
    await expect(dial(join(folder, 'file'))).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      message: expect.stringContaining('no socket'),
    });
  });

  it('is for paths', async () => {
    const name = Buffer.from(`podwire-protected-${process.pid}`);
    await expect(dialSocket({ kind: 'abstract', name }, { protectedPath: true })).rejects.toMatchObject({
      code: 'ERR_PODWIRE_UNSUPPORTED',
      message: expect.stringContaining('allowServer'),
    });
    const message = 'protectedPath is for paths; on an abstract name allowServer alone says who may be the server';
    const refused = expect.objectContaining({
      code: 'ERR_PODWIRE_UNSUPPORTED',
      message: `unix-abstract:${name}: ${message} (ERR_PODWIRE_UNSUPPORTED)`,
    });
    expect(() => createChannel(`unix-abstract:${name}`, { protectedPath: true })).toThrow(refused);
    expect(() => channelFactory({ protectedPath: true })(`unix-abstract:${name}`)).toThrow(refused);
  });

  it('refuses owners without a number in our user namespace', async (context) => {
    const prefix = ['setpriv', '--reuid', '1234', '--regid', '1234', '--clear-groups'].concat(
      'unshare',
      '--user',
      '--map-root-user',
    );
    needs(context, prefix);
    const client = start('dial', `unix://${path}`, { protectedPath: true, allowPeer: 'anyone' }, { prefix });
    expect(await client.next()).toMatchObject({
      event: 'failed',
      code: 'ERR_PODWIRE_PEER_REFUSED',
      message: expect.stringContaining('the folder / belongs to a user who has no number here'),
    });
  });

  it('refuses everything without /proc', async (context) => {
    needs(context, ['unshare', '--mount']);
    const prefix = ['unshare', '--mount', 'sh', '-c', 'umount --lazy /proc && exec "$0" "$@"'];
    const client = start('dial', `unix://${path}`, { protectedPath: true }, { prefix });
    expect(await client.next()).toMatchObject({
      event: 'failed',
      code: 'ERR_PODWIRE_UNSUPPORTED',
      message: expect.stringContaining('protectedPath needs /proc'),
    });
  });
});

import { closeSync, lstatSync, type Stats, unlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { PathEndpoint } from '../endpoint/endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import { errnoName, libc } from './libc.js';
import { readPeerCredentials } from './peer-credentials.js';
import { socketAddress } from './socket-address.js';
import { SocketError, type SocketHolder } from './socket-error.js';
import { findHolder, heldBy } from './socket-holder.js';
import { unixStreamSocket } from './unix-stream-socket.js';

/** Between the two probes, in ms: a socket that is bound and about to listen refuses just as a dead one does. */
const SECOND_LOOK = 25;

/**
 * Removes the file at `path` if it is a socket of ours (of the effective user, or of the `owner` we would give it)
 * that nobody listens on. Anything else that is there stays, and is a SocketError `EADDRINUSE`.
 */
export async function removeStaleSocket(
  endpoint: PathEndpoint,
  path: string,
  owner: number | undefined,
): Promise<void> {
  const shown = printEndpoint(endpoint);
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw inUse(
      shown,
      `${describeFile(lstatSync(path))} is in its place, and podwire removes nothing but its own sockets`,
    );
  }
  if (!(await isDead(endpoint, shown))) return;
  if (found.uid !== BigInt(process.geteuid?.() ?? -1) && found.uid !== BigInt(owner ?? -1)) {
    throw inUse(shown, `a stale socket of uid ${found.uid} is in its place; remove it, or start as that user`);
  }
  await delay(SECOND_LOOK);
  if (!(await isDead(endpoint, shown))) return;
  const still = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (still === undefined) return;
  if (still.dev !== found.dev || still.ino !== found.ino) throw inUse(shown, 'another process has just replaced it');
  try {
    unlinkSync(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'EIO';
    const message = 'a stale socket is in its place; this user needs write permission on the folder to remove it';
    throw new SocketError(code, shown, message, { cause });
  }
}

/** Whether nobody listens. False when the file is gone; throws when somebody does, or may. */
async function isDead(endpoint: PathEndpoint, shown: string): Promise<boolean> {
  const fd = unixStreamSocket(endpoint);
  let code: string;
  let holder: SocketHolder | undefined;
  try {
    const result = libc().connect(fd, socketAddress(endpoint));
    code = result < 0 ? errnoName(result) : 'connected';
    if (result >= 0) {
      const { pid } = readPeerCredentials(fd, shown);
      if (pid !== undefined) holder = { pid };
    }
  } finally {
    closeSync(fd);
  }
  if (code === 'ECONNREFUSED') return true;
  if (code === 'ENOENT') return false;
  holder ??= await findHolder(endpoint);
  const state =
    code === 'connected' || code === 'EAGAIN' ? 'a live server' : `a socket that cannot be probed (${code})`;
  throw inUse(shown, `${state} is in its place${heldBy(holder)}; stop it, or listen somewhere else`, holder);
}

function inUse(shown: string, message: string, holder?: SocketHolder): SocketError {
  return new SocketError('EADDRINUSE', shown, message, { holder });
}

function describeFile(stats: Stats): string {
  if (stats.isFile()) return 'a regular file';
  if (stats.isDirectory()) return 'a directory';
  if (stats.isSymbolicLink()) return 'a symbolic link';
  return 'something that is no socket';
}

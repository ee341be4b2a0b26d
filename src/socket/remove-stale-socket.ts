import { type BigIntStats, lstatSync, unlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { PathEndpoint } from '../endpoint/endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import { outgoingSocket } from './outgoing-socket.js';
import { SocketError, type SocketHolder } from './socket-error.js';
import { findHolder, heldBy } from './socket-holder.js';

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
    throw inUse(shown, `${describeFile(found)} is in its place, and podwire removes nothing but its own sockets`);
  }
  if (!(await isDead(endpoint, shown))) return;
  if (found.uid !== BigInt(process.geteuid?.() ?? -1) && found.uid !== BigInt(owner ?? -1)) {
    throw inUse(shown, `a stale socket of uid ${found.uid} is in its place; remove it, or start as that user`);
  }
  await delay(SECOND_LOOK);
  if (!(await isDead(endpoint, shown))) return;
  const still = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (still === undefined) return;
  // The time, since a file system may give the number of a removed file to the next one.
  if (still.dev !== found.dev || still.ino !== found.ino || still.ctimeNs !== found.ctimeNs)
    throw inUse(shown, 'another process has just replaced it');
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
  const probe = outgoingSocket(endpoint, shown);
  let code: string | undefined;
  let holder: SocketHolder | undefined;
  try {
    code = await probe.connect();
    const pid = code === undefined ? probe.peer().pid : undefined;
    if (pid !== undefined) holder = { pid };
  } finally {
    probe.close();
  }
  if (code === 'ECONNREFUSED') return true;
  if (code === 'ENOENT') return false;
  holder ??= await findHolder(endpoint);
  const isLive = code === undefined || code === 'EAGAIN';
  if (isLive) {
    throw inUse(shown, `a live server is in its place${heldBy(holder)}; stop it, or listen somewhere else`, holder);
  }
  const unseen = `a socket is in its place${heldBy(holder)}, and whether its server lives cannot be seen (${code})`;
  throw inUse(shown, `${unseen}; stop that server, have its owner remove the file, or listen somewhere else`, holder);
}

function inUse(shown: string, message: string, holder?: SocketHolder): SocketError {
  return new SocketError('EADDRINUSE', shown, message, { holder });
}

function describeFile(stats: BigIntStats): string {
  if (stats.isFile()) return 'a regular file';
  if (stats.isDirectory()) return 'a directory';
  if (stats.isSymbolicLink()) return 'a symbolic link';
  return 'something that is no socket';
}

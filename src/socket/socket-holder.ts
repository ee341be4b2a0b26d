import { readdir, readFile, readlink } from 'node:fs/promises';
import type { AbstractEndpoint, PathEndpoint } from '../endpoint/endpoint.js';
import type { SocketHolder } from './socket-error.js';

/** An error message may wait this long, in ms, on a machine with very many open files. */
const PATIENCE = 500;

/**
 * The process that has this address bound, or undefined: another user's files are not ours to see, and a path may be
 * bound in another network namespace or under another spelling.
 */
export async function findHolder(endpoint: PathEndpoint | AbstractEndpoint): Promise<SocketHolder | undefined> {
  try {
    const inodes = await boundInodes(endpoint);
    if (inodes.size === 0) return undefined;
    if (await holdsOneOf('self', inodes)) return { pid: process.pid };
    const giveUpAt = performance.now() + PATIENCE;
    for (const entry of await readdir('/proc')) {
      if (performance.now() > giveUpAt) return undefined;
      if (/^\d+$/.test(entry) && (await holdsOneOf(entry, inodes))) return { pid: Number(entry) };
    }
  } catch {
    // No /proc: then nobody can tell.
  }
  return undefined;
}

/** `, held by process 4711` or `, held by this process` for an error message. */
export function heldBy(holder: SocketHolder | undefined): string {
  if (holder === undefined) return '';
  return holder.pid === process.pid ? ', held by this process' : `, held by process ${holder.pid}`;
}

/** Inodes of the sockets bound to the address: proc_pid_net(5), /proc/net/unix, where a NUL is shown as `@`. */
async function boundInodes(endpoint: PathEndpoint | AbstractEndpoint): Promise<ReadonlySet<string>> {
  const wanted =
    endpoint.kind === 'path'
      ? Buffer.from(endpoint.path, 'utf8').toString('latin1')
      : `\0${Buffer.from(endpoint.name).toString('latin1')}`.replaceAll('\0', '@');
  const inodes = new Set<string>();
  for (const line of (await readFile('/proc/net/unix', 'latin1')).split('\n')) {
    const [, state, inode, name] = /^\S+ \S+ \S+ \S+ \S+ (\S+) +(\d+) (.*)$/.exec(line) ?? [];
    // Unconnected: the connections that the holder has accepted carry its name, too.
    if (name === wanted && state === '01') inodes.add(`socket:[${inode}]`);
  }
  return inodes;
}

async function holdsOneOf(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  // The process ended, or its files are not ours to see.
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const descriptor of descriptors) {
    // Closed meanwhile, as in our own process that of the listing always is.
    const file = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
    if (inodes.has(file)) return true;
  }
  return false;
}

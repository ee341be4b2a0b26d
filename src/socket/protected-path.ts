import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  type Stats,
  statfsSync,
} from 'node:fs';
import type { PathEndpoint } from '../endpoint/endpoint.js';
import { O_PATH } from './o-path.js';
import { SocketError } from './socket-error.js';
import { isUnmappedUid } from './user-namespace.js';

/** Those that the kernel follows before it says ELOOP (path_resolution(7)). */
const MOST_LINKS = 40;
/** The mode bits of a folder, inode(7). */
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;
/** linux/magic.h. */
const PROC_SUPER_MAGIC = 0x9fa0;

/**
 * The file at the end of a path, held open, when nobody but the owners of what is on the way could have led it there: no
 * folder may be written by others than its owner, unless it is sticky, which keeps each to what is his. Links are
 * followed by the same rules, so that `/var/run` leads to `/run` and a link that a stranger has planted leads nowhere.
 *
 * The kernel resolves one name at a time, each from the folder that was looked at, and connects to the file that is
 * held: what was checked is what is connected to.
 */
export class ProtectedPath {
  readonly #shown: string;
  /** Whoever owns something on the way, and the first thing that he owns. */
  readonly #owners = new Map<number, string>();
  /** Where the walk is, and at its end the file: a descriptor, and a name for it in messages. */
  #fd = -1;
  #name = '';
  /** Others may make files in the folder where the walk is, but not touch those that are there. */
  #isShared = false;

  /** Throws SocketError `ERR_PODWIRE_PEER_REFUSED` or `ERR_PODWIRE_UNSUPPORTED`, and what open(2) throws. */
  constructor(path: string, shown: string) {
    this.#shown = shown;
    try {
      this.#walk(path);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The file itself, as something to connect to; until it is closed. */
  get endpoint(): PathEndpoint {
    return { kind: 'path', path: `/proc/self/fd/${this.#fd}` };
  }

  /** Throws SocketError `ERR_PODWIRE_PEER_REFUSED` when somebody else than root, we or `server` owns a part of the way. */
  checkOwners(server: number | undefined): void {
    const trusted = [0, process.geteuid?.(), server];
    for (const [owner, what] of this.#owners) {
      if (!trusted.includes(owner)) throw this.#refusal(`${what} belongs to uid ${owner}, who is not the server`);
    }
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #walk(path: string): void {
    let links = 0;
    const names = this.#begin(path);
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      const target = name === '' || name === '.' ? undefined : this.#enter(name);
      if (target === undefined) continue;
      if (++links > MOST_LINKS) throw Object.assign(new Error('too many symbolic links'), { code: 'ELOOP' });
      names.unshift(...(target.startsWith('/') ? this.#begin(target) : target.split('/')));
    }
  }

  /** Goes where `path` begins. @returns the names on it. */
  #begin(path: string): string[] {
    const name = path.startsWith('/') ? '/' : '.';
    const fd = openSync(name, O_PATH | constants.O_DIRECTORY);
    this.#moveTo(fd, name, fstatSync(fd));
    if (existsSync(this.endpoint.path)) return path.split('/');
    throw new SocketError(
      'ERR_PODWIRE_UNSUPPORTED',
      this.#shown,
      'protectedPath needs /proc, which is not mounted here',
    );
  }

  /** Enters a folder, or takes the file, of this name; of a link it returns the target. */
  #enter(name: string): string | undefined {
    const path = `${this.endpoint.path}/${name}`;
    const shownName = this.#name === '/' ? `/${name}` : `${this.#name}/${name}`;
    const fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
    const stats = fstatSync(fd);
    if (!stats.isSymbolicLink()) {
      this.#moveTo(fd, shownName, stats);
      return undefined;
    }
    try {
      this.#judge(shownName, stats);
      if (statfsSync(this.endpoint.path).type === PROC_SUPER_MAGIC) {
        throw this.#refusal(`the link ${shownName} of /proc leads to what has no path, which cannot be checked`);
      }
      return readJudgedLink(path, fd);
    } finally {
      closeSync(fd);
    }
  }

  #moveTo(fd: number, name: string, stats: Stats): void {
    this.close();
    this.#fd = fd;
    this.#judge(name, stats);
    this.#name = name;
    this.#isShared = stats.isDirectory() && (stats.mode & OTHERS_WRITE) !== 0;
  }

  #judge(name: string, stats: Stats): void {
    const kind = stats.isDirectory() ? 'the folder' : stats.isSymbolicLink() ? 'the link' : 'the file';
    const what = `${kind} ${name}`;
    if (isUnmappedUid(stats.uid)) throw this.#refusal(`${what} belongs to a user who has no number here`);
    if (!this.#owners.has(stats.uid)) this.#owners.set(stats.uid, what);
    if (stats.isDirectory()) {
      if ((stats.mode & OTHERS_WRITE) === 0 || (stats.mode & STICKY) !== 0) return;
      const mode = (stats.mode & 0o7777).toString(8);
      throw this.#refusal(`${what} has mode 0${mode}, so others than its owner may put a socket there (chmod go-w)`);
    }
    // A hard link to something of its owner's, made where everybody may make one (proc_sys_fs(5), protected_hardlinks).
    if (this.#isShared && stats.nlink !== 1) throw this.#refusal(`${what} has another name, too`);
  }

  #refusal(why: string): SocketError {
    const message = `${why}; protectedPath refuses it, and nothing was sent`;
    return new SocketError('ERR_PODWIRE_PEER_REFUSED', this.#shown, message);
  }
}

/**
 * The target of a link that is held open. It is read by its name, which may have become that of somebody else's link if its
 * owner has removed it meanwhile: then it is as if nothing had been there.
 */
function readJudgedLink(path: string, fd: number): string {
  const target = readlinkSync(path);
  const held = fstatSync(fd, { bigint: true });
  const named = lstatSync(path, { bigint: true });
  if (named.ino === held.ino && named.dev === held.dev) return target;
  throw Object.assign(new Error('the link was replaced while it was read'), { code: 'ENOENT' });
}

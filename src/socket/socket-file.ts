import { lstatSync, unlinkSync } from 'node:fs';

/**
 * The file of a listening socket. Its inode tells it from whatever comes after it under the same name: as long as our
 * socket is open, the kernel gives that number to no other file.
 */
export class SocketFile {
  readonly path: string;
  readonly #device: bigint;
  readonly #inode: bigint;

  /** Takes the file that is at `path` now, absolute, for ours. */
  constructor(path: string) {
    const { dev, ino } = lstatSync(path, { bigint: true });
    this.path = path;
    this.#device = dev;
    this.#inode = ino;
  }

  /** What the path leads to. */
  state(): 'ours' | 'removed' | 'replaced' {
    try {
      const found = lstatSync(this.path, { bigint: true });
      return this.isSame(found) ? 'ours' : 'replaced';
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Whoever may not look does not know better than before.
      return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' ? 'removed' : 'ours';
    }
  }

  isSame(found: { readonly dev: bigint; readonly ino: bigint }): boolean {
    return found.dev === this.#device && found.ino === this.#inode;
  }

  /** Removes the file if it is still ours; to be called while the socket is open. Throws what unlink(2) says. */
  unlink(): void {
    if (this.state() === 'ours') unlinkSync(this.path);
  }
}

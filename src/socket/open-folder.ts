import { constants, mkdirSync, openSync } from 'node:fs';
import { SocketError } from './socket-error.js';

/** A descriptor of the folder of a socket, made first if `create`. Throws SocketError. */
export function openFolder(folder: string, create: boolean, shown: string): number {
  try {
    if (create) mkdirSync(folder, { recursive: true, mode: 0o755 });
    return openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'EIO';
    throw new SocketError(code, shown, explain(code, folder), { cause });
  }
}

function explain(code: string, folder: string): string {
  switch (code) {
    case 'ENOENT':
      return `the folder ${folder} does not exist; make it, or listen with { createParent: true }`;
    case 'EMFILE':
    case 'ENFILE':
      return `the folder ${folder} cannot be opened; close some files or raise the limit (ulimit -n)`;
    default:
      return `the folder ${folder} cannot be opened; it must be a folder that this user may read and write`;
  }
}

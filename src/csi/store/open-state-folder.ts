import { mkdir, realpath } from 'node:fs/promises';

/** Makes a state folder, for this user alone, when it is missing. Resolves to its path without links. */
export async function openStateFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await realpath(folder);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`the state folder ${folder} cannot be made: ${explain(code)} (${code})`, { cause });
  }
}

function explain(code: string | undefined): string {
  switch (code) {
    case 'EEXIST':
      return 'that is a file; name a folder';
    case 'ENOTDIR':
      return 'a part of the path is a file; correct it';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not write there; name another folder, or let somebody make it who may';
    case 'EROFS':
      return 'the file system is read-only; name a folder elsewhere, or mount one there';
    default:
      return 'correct the path';
  }
}

import { access, constants, statfs } from 'node:fs/promises';
import type { ContentFolder } from '../content-folder.js';

/** What is wrong with the file system under a folder of contents, in words for people and, CamelCase, for programs. */
export interface FileSystemProblem {
  readonly reason: 'StorageMissing' | 'FileSystemReadOnly' | 'FileSystemFull' | 'NoFreeInodes';
  readonly message: string;
}

/** None when all is well, `StorageMissing` alone when nothing in the folder can be reached. */
export async function fileSystemProblems(folder: ContentFolder): Promise<FileSystemProblem[]> {
  const { path } = folder;
  if (!(await folder.isThere())) {
    return [
      { reason: 'StorageMissing', message: `${path} is not the folder that the plugin had: is its disk mounted?` },
    ];
  }
  const problems: FileSystemProblem[] = [];
  const { bavail, files, ffree } = await statfs(path, { bigint: true });
  if (await isReadOnly(path)) problems.push({ reason: 'FileSystemReadOnly', message: `${path} can only be read` });
  if (bavail === 0n) problems.push({ reason: 'FileSystemFull', message: `no room is left under ${path}` });
  // Some file systems make inodes as they are needed, and count none.
  if (files > 0n && ffree === 0n) problems.push({ reason: 'NoFreeInodes', message: `no inode is left under ${path}` });
  return problems;
}

/** Node does not tell a mount's flags, but access(2) does, to root too. */
async function isReadOnly(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => false,
    ({ code }: NodeJS.ErrnoException) => code === 'EROFS',
  );
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasLibc } from '../../socket/has-libc.js';
import { errnoName, libc } from '../../socket/libc.js';

/**
 * Takes a state folder for this process alone, until the file that it resolves to is closed. The kernel lets go of it when
 * the process ends, however it ends, so that nothing stale is left; the lock is on the file itself (flock(2)) and holds
 * between containers that share the folder, whatever their process ids and networks.
 *
 * Rejects when another process has it, with its id where the system tells.
 */
export async function claimFolder(
  folder: string,
  logger?: { warn(fields: object, message: string): void },
): Promise<FileHandle> {
  const file = await open(join(folder, 'lock'), 'a', 0o600);
  try {
    const taken = hasLibc(folder) ? tryLock(file.fd) : await lockByProgram(file.fd);
    if (taken === undefined) {
      logger?.warn({ folder }, 'neither koffi nor flock(1) is here: nothing keeps two processes from one state folder');
    } else if (!taken) {
      const pid = await holderOf(file);
      const holder = pid === process.pid ? 'this process' : pid === undefined ? 'another process' : `process ${pid}`;
      throw new Error(`the state folder ${folder} is in use by ${holder}: stop that one, or name another folder`);
    }
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

function tryLock(fd: number): boolean {
  const result = libc().tryLock(fd);
  if (result >= 0) return true;
  const code = errnoName(result);
  if (code === 'EAGAIN') return false;
  throw new Error(`the state folder cannot be locked (${code}): its file system must support flock(2)`);
}

/**
 * The lock belongs to the open file, which the program gets as its own descriptor 3, and stays when the program has ended.
 *
 * @returns undefined without the program.
 */
async function lockByProgram(fd: number): Promise<boolean | undefined> {
  const child = spawn('flock', ['-x', '-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  try {
    const [status] = await once(child, 'close');
    return status === 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** From proc_locks(5), where processes have the ids that they have here. */
async function holderOf(file: FileHandle): Promise<number | undefined> {
  const { ino } = await file.stat({ bigint: true });
  const table = await readFile('/proc/locks', 'utf8').catch(() => '');
  const holders = table
    .split('\n')
    .map((line) => /^\d+: FLOCK +\S+ +WRITE +(\d+) +\S+:(\d+) /.exec(line))
    .filter((found) => found?.[2] === String(ino))
    .map((found) => Number(found![1]));
  // Another file system may have a file of that number; 0 is a process that cannot be seen from here.
  return holders.length === 1 && holders[0] !== 0 ? holders[0] : undefined;
}

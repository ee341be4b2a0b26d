import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Another Node release line, `'22'`, as the npm registry packages it; kept in a cache folder. @returns the path of its `node`. */
export async function nodeBinary(version: string): Promise<string> {
  const folder = path.join(import.meta.dirname, '.cache', `node-${version}`);
  const binary = path.join(folder, 'package/bin/node');
  try {
    await access(binary);
  } catch {
    await mkdir(folder, { recursive: true });
    const { stdout } = await run('npm', ['pack', '--silent', `node-linux-${process.arch}@${version}`], { cwd: folder });
    await run('tar', ['-xzf', stdout.trim().split('\n').at(-1) as string], { cwd: folder });
  }
  return binary;
}

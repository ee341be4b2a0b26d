import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const minimumGo = 26;

/** Programs that a `go.mod` pins, built. */
export interface GoTools {
  /** The path of an executable. */
  program(name: string): string;
  /** Of a module: `v1.85.0`, or `v2.6.0` where a comment says so of a commit. */
  versionOf(module: string): string;
}

/**
 * Builds the tools of `folder/go.mod`, and packages of the folder itself, into `output`, or takes what is built already. A
 * missing Go is an error, never a skip.
 */
export async function buildGoTools(folder: string, output: string, ...packages: string[]): Promise<GoTools> {
  const { stdout: version } = await run('go', ['env', 'GOVERSION']).catch(() => ({ stdout: '' }));
  if (Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0) < minimumGo) {
    const found = version.trim() || 'no go command';
    throw new Error(`the public test programs need Go 1.${minimumGo} or newer on the PATH; found ${found}`);
  }
  const goMod = await readFile(path.join(folder, 'go.mod'), 'utf8');
  await mkdir(output, { recursive: true });
  await run('go', ['build', '-o', `${output}/`, 'tool', ...packages], { cwd: folder });
  return {
    program: (name) => path.join(output, name),
    versionOf(module) {
      const line = goMod.split('\n').find((one) => one.startsWith(`\t${module} `));
      if (line === undefined) throw new Error(`${folder}/go.mod does not require ${module}`);
      return /release (v[\d.]*\d)/.exec(line)?.[1] ?? line.trim().split(' ')[1]!;
    },
  };
}

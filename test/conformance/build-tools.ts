import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const module = path.join(import.meta.dirname, 'tools');
const binaries = path.join(import.meta.dirname, '.cache/tools');
const minimumGo = 26;

/** The public programs, built: paths of their executables, and which they are. */
export interface Tools {
  readonly h2spec: string;
  /** grpc-go's own interop client; its own interop service behind a small program of ours. */
  readonly grpcGoClient: string;
  readonly grpcGoServer: string;
  readonly h2specVersion: string;
  readonly grpcGoVersion: string;
}

/** Builds what `tools/go.mod` pins, or takes what is built already. A missing Go is an error, never a skip. */
export async function buildTools(): Promise<Tools> {
  const { stdout: version } = await run('go', ['env', 'GOVERSION']).catch(() => ({ stdout: '' }));
  if (Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0) < minimumGo) {
    const found = version.trim() || 'no go command';
    throw new Error(`the public test programs need Go 1.${minimumGo} or newer on the PATH; found ${found}`);
  }
  const text = await readFile(path.join(module, 'go.mod'), 'utf8');
  const packages = [...text.matchAll(/^\t(\S+)$/gm)].map(([, name]) => name!);
  await mkdir(binaries, { recursive: true });
  await run('go', ['build', '-o', `${binaries}/`, ...packages, './server'], { cwd: module });
  return {
    h2spec: path.join(binaries, 'h2spec'),
    grpcGoClient: path.join(binaries, 'client'),
    grpcGoServer: path.join(binaries, 'server'),
    h2specVersion: versionOf('github.com/summerwind/h2spec', text),
    grpcGoVersion: versionOf('google.golang.org/grpc', text),
  };
}

/** `v1.85.0`, or `v2.6.0` where a comment says so of a commit. */
function versionOf(name: string, goMod: string): string {
  const line = goMod.split('\n').find((one) => one.startsWith(`\t${name} `));
  if (line === undefined) throw new Error(`tools/go.mod does not require ${name}`);
  return /release (v[\d.]*\d)/.exec(line)?.[1] ?? line.trim().split(' ')[1]!;
}

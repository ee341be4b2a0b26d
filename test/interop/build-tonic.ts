import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PeerProgram } from './build-peers.js';

const run = promisify(execFile);
const minimumRust = 88;

/** Builds the tonic peer of a folder; cargo knows what has changed since. */
export async function buildTonic(folder: string, target: string): Promise<PeerProgram> {
  const { stdout: version } = await run('cargo', ['--version']).catch(() => ({ stdout: '' }));
  const minor = Number(/^cargo 1\.(\d+)/.exec(version)?.[1] ?? 0);
  if (minor < minimumRust) {
    const found = version.trim() || 'no cargo command';
    throw new Error(`the tonic peer needs Rust 1.${minimumRust} or newer on the PATH; found ${found}`);
  }
  await run('protoc', ['--version']).catch((cause: unknown) => {
    throw new Error("the tonic peer needs protoc; Debian's package for it is protobuf-compiler", { cause });
  });
  await run('nice', ['cargo', 'build', '--locked', '--quiet', '--target-dir', target], { cwd: folder });
  return { command: join(target, 'debug/tonic-peer'), args: [] };
}

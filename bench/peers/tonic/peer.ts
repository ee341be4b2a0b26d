import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Peer } from '../../harness/peer.js';

const run = promisify(execFile);

export const peer: Peer = {
  name: 'tonic',
  async build({ source, output }) {
    const rust = await run('rustc', ['--version']).catch(() => undefined);
    if (rust === undefined) return { missing: 'no rustc' };
    for (const tool of ['cargo', 'protoc']) {
      if ((await run(tool, ['--version']).catch(() => undefined)) === undefined) return { missing: `no ${tool}` };
    }
    const build = ['build', '--release', '--locked', '--quiet', '--jobs', '1', '--target-dir', output];
    await run('nice', ['cargo', ...build], { cwd: source });
    const lock = readFileSync(path.join(source, 'Cargo.lock'), 'utf8');
    const tonic = /name = "tonic"\nversion = "(.+)"/.exec(lock)?.[1];
    const compiler = /^rustc (\S+)/.exec(rust.stdout)?.[1];
    return {
      version: `${tonic} (Rust ${compiler})`,
      warmUp: 'short',
      server: [path.join(output, 'release/server')],
      client: [path.join(output, 'release/client')],
    };
  },
};

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Peer } from '../../harness/peer.js';

const run = promisify(execFile);

export const peer: Peer = {
  name: 'grpc-go',
  async build({ source, output }) {
    const go = await run('go', ['env', 'GOVERSION']).catch(() => undefined);
    if (go === undefined) return { missing: 'no go' };
    const programs = ['server', 'client'].map((name) => path.join(output, name));
    await run('go', ['build', '-p', '1', '-o', `${output}/`, './server', './client'], { cwd: source });
    const grpc = /google\.golang\.org\/grpc v(\S+)/.exec(readFileSync(path.join(source, 'go.mod'), 'utf8'))?.[1];
    return {
      version: `${grpc} (${go.stdout.trim()})`,
      warmUp: 'short',
      server: [programs[0]],
      client: [programs[1]],
    };
  },
};

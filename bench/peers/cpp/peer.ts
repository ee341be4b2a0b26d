import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Peer } from '../../harness/peer.js';

const run = promisify(execFile);

/** Whether each is there is asked with these; the first that fails is what is missing. */
const tools = {
  make: ['make', '--version'],
  'g++': ['g++', '--version'],
  'pkg-config': ['pkg-config', '--version'],
  protoc: ['protoc', '--version'],
  grpc_cpp_plugin: ['which', 'grpc_cpp_plugin'],
  'libgrpc++': ['pkg-config', '--exists', 'grpc++', 'protobuf', 'absl_synchronization'],
} as const;

export const peer: Peer = {
  name: 'gRPC C++',
  async build({ source, output }) {
    for (const [tool, [command, ...args]] of Object.entries(tools)) {
      if ((await run(command, args).catch(() => undefined)) === undefined) return { missing: `no ${tool}` };
    }
    await run('nice', ['make', '--quiet', '-C', source, `OUT=${output}`]);
    const { stdout } = await run('pkg-config', ['--modversion', 'grpc++']);
    return {
      version: `${stdout.trim()} (${systemName()})`,
      warmUp: 'short',
      server: [path.join(output, 'server')],
      client: [path.join(output, 'client')],
    };
  },
};

/** Whose build of the library it is: `Debian GNU/Linux 12 (bookworm)` and the like. */
function systemName(): string {
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? process.platform;
}

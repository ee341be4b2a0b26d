import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PeerProgram } from './build-peers.js';

const run = promisify(execFile);

/** What the Makefile calls, by the Debian package that has it. */
const tools: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  make: ['make', '--version'],
  'g++': ['g++', '--version'],
  'pkg-config': ['pkg-config', '--version'],
  'protobuf-compiler': ['protoc', '--version'],
  'protobuf-compiler-grpc': ['which', 'grpc_cpp_plugin'],
  'libprotobuf-dev': ['pkg-config', '--exists', 'protobuf'],
  'libgrpc++-dev': ['pkg-config', '--exists', 'grpc++'],
};

/** Builds the C++ peer of a folder; make knows what has changed since. */
export async function buildCpp(folder: string, output: string): Promise<PeerProgram> {
  for (const [debianPackage, [command, ...args]] of Object.entries(tools)) {
    await run(command, args).catch((cause: unknown) => {
      throw new Error(`the C++ peer cannot be built: "${command} ${args.join(' ')}" fails; install ${debianPackage}`, {
        cause,
      });
    });
  }
  await run('nice', ['make', '--quiet', '-C', folder, `OUT=${output}`]);
  return { command: join(output, 'peer'), args: [] };
}

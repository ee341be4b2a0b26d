import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const peers = path.join(import.meta.dirname, 'peers');
const require = createRequire(import.meta.url);

/** What each peer is, with the version that the repository pins, or major.minor of what the system has. */
export async function peerVersions(): Promise<Readonly<Record<string, string>>> {
  const goModule = /google\.golang\.org\/grpc v(\S+)/;
  const tonic = /name = "tonic"\nversion = "(.*)"/;
  const minor = /(\d+\.\d+)/;
  return {
    podwire: 'podwire',
    'grpc-js': `grpc-js ${npmVersion('@grpc/grpc-js')}`,
    'nice-grpc': `nice-grpc ${npmVersion('nice-grpc')}`,
    connect: `connect-node ${npmVersion('@connectrpc/connect-node')}`,
    'go-old': `grpc-go ${await inFile('go-old/go.mod', goModule)}`,
    'go-new': `grpc-go ${await inFile('go-new/go.mod', goModule)}`,
    python: `grpcio ${await inFile('python/requirements.txt', /^grpcio==(.*)$/m)}`,
    cpp: `gRPC C++ ${await printedBy(minor, 'pkg-config', '--modversion', 'grpc++')}`,
    tonic: `tonic ${await inFile('tonic/Cargo.lock', tonic)}`,
    'csi-sidecar': `csi-lib-utils ${await inFile('csi-sidecar/go.mod', /csi-lib-utils v(\S+)/)}`,
    socat: `socat ${await printedBy(minor, 'socat', '-V')}`,
  };
}

/** Read from the file: not every package lets its package.json be imported. */
function npmVersion(name: string): string {
  return require(path.join(import.meta.dirname, '../../node_modules', name, 'package.json')).version;
}

async function inFile(name: string, pattern: RegExp): Promise<string> {
  return found(await readFile(path.join(peers, name), 'utf8'), pattern, name);
}

async function printedBy(pattern: RegExp, command: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(command, args);
  return found(stdout, pattern, `${command} ${args.join(' ')}`);
}

function found(text: string, pattern: RegExp, where: string): string {
  const version = pattern.exec(text)?.[1];
  if (version === undefined) throw new Error(`${where} says no version`);
  return version;
}

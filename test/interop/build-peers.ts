import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildCpp } from './build-cpp.js';
import { buildTonic } from './build-tonic.js';
import { compileTypeScript } from './compile-typescript.js';
import { nodeBinary } from './node-binary.js';

/** How a peer is run; `server --endpoint E` and the like are added. */
export interface PeerProgram {
  command: string;
  args: readonly string[];
}

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const peers = join(root, 'test/interop/peers');
const examples = join(root, 'examples/podinfo');
const cache = join(root, 'test/interop/.cache');
const minimumGo = 26;
const minimumPython = 10;

const builders = {
  'go-old': () => buildGo(join(peers, 'go-old'), '.'),
  'go-new': () => buildGo(join(peers, 'go-new'), '.'),
  python: () => buildPython(join(peers, 'python/peer.py')),
  cpp: () => buildCpp(join(peers, 'cpp'), join(cache, 'cpp')),
  tonic: () => buildTonic(join(peers, 'tonic'), join(cache, 'tonic')),
  'grpc-js': () => typeScript(join(peers, 'grpc-js/peer.ts')),
  'grpc-js-podwire': () => typeScript(join(peers, 'grpc-js-podwire/peer.ts')),
  'nice-grpc': () => typeScript(join(peers, 'nice-grpc/peer.ts')),
  connect: () => typeScript(join(peers, 'connect/peer.ts')),
  podwire: () => typeScript(join(peers, 'podwire/peer.ts')),
  'podwire-node-20': () => onNode('20', 'podwire'),
  'podwire-node-22': () => onNode('22', 'podwire'),
  'podwire-node-24': () => onNode('24', 'podwire'),
  'podwire-node-26': () => onNode('26', 'podwire'),
  'csi-sidecar': () => buildGo(join(peers, 'csi-sidecar'), '.'),
  kubelet: () => buildGo(join(peers, 'kubelet'), '.'),
  'sockets-go': () => buildGo(join(peers, 'sockets/go'), '.'),
  'sockets-python': () => buildPython(join(peers, 'sockets/plain.py')),
  'podinfo-client-go': () => buildGo(join(examples, 'go'), './client'),
  'podinfo-server-go': () => buildGo(join(examples, 'go'), './server'),
  'podinfo-client-python': () => buildPython(join(examples, 'python/client.py')),
  'podinfo-server-python': () => buildPython(join(examples, 'python/server.py')),
  'podinfo-client-typescript': () => typeScript(join(examples, 'client.ts')),
  'podinfo-server-typescript': () => typeScript(join(examples, 'server.ts')),
} satisfies Record<string, () => Promise<PeerProgram>>;

export type PeerName = keyof typeof builders;

const built = new Map<PeerName, Promise<PeerProgram>>();

/** Builds a peer, or takes what an earlier run left in the cache. A missing tool is an error, never a skip. */
export function buildPeer(name: PeerName): Promise<PeerProgram> {
  let program = built.get(name);
  if (program === undefined) {
    program = builders[name]();
    built.set(name, program);
  }
  return program;
}

async function buildGo(folder: string, program: string): Promise<PeerProgram> {
  const { stdout: version } = await run('go', ['env', 'GOVERSION']).catch(() => ({ stdout: '' }));
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0);
  if (minor < minimumGo) {
    const found = version.trim() || 'no go command';
    throw new Error(`the peers in ${folder} need Go 1.${minimumGo} or newer on the PATH; found ${found}`);
  }
  const command = join(cache, 'go', relative(root, folder), program, 'program');
  await run('go', ['build', '-o', command, program], { cwd: folder });
  return { command, args: [] };
}

async function buildPython(program: string): Promise<PeerProgram> {
  const { stdout: version } = await run('python3', ['--version']).catch(() => ({ stdout: '' }));
  const minor = Number(/^Python 3\.(\d+)/.exec(version)?.[1] ?? 0);
  if (minor < minimumPython) {
    const found = version.trim() || 'no python3 command';
    throw new Error(`the Python peers need Python 3.${minimumPython} or newer on the PATH; found ${found}`);
  }
  const requirements = join(peers, 'python/requirements.txt');
  const protos = ['empty', 'messages', 'test'].map((name) => join(root, 'proto/grpc/testing', `${name}.proto`));
  const hash = createHash('sha256').update(version);
  for (const file of [requirements, ...protos]) {
    hash.update(await readFile(file));
  }
  const environment = join(cache, `python-${hash.digest('hex').slice(0, 12)}`);
  const command = join(environment, 'bin/python');
  const complete = join(environment, 'complete');
  if (!(await exists(complete))) {
    await rm(environment, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', environment]).catch((cause: unknown) => {
      throw new Error("python3 cannot make a virtual environment; Debian's package for it is python3-venv", { cause });
    });
    await run(command, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements]);
    // Python looks for grpc.testing inside the installed package `grpc` only, so that is where the stubs go.
    const { stdout } = await run(command, ['-c', 'import sysconfig; print(sysconfig.get_path("platlib"))']);
    const packages = stdout.trim();
    const out = [`--python_out=${packages}`, `--grpc_python_out=${packages}`];
    await run(command, ['-m', 'grpc_tools.protoc', '-I', join(root, 'proto'), ...out, ...protos]);
    await writeFile(complete, '');
  }
  // -B: no __pycache__ in the sources.
  return { command, args: ['-B', program] };
}

async function typeScript(program: string): Promise<PeerProgram> {
  return { command: process.execPath, args: [await compileTypeScript(program)] };
}

/** A TypeScript peer on another release line of Node. */
export async function onNode(version: string, peer: 'podwire' | 'grpc-js'): Promise<PeerProgram> {
  const { args } = await buildPeer(peer);
  return { command: await nodeBinary(version), args };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

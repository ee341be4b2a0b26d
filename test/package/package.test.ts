import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const repository = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'podwire-package-'));

/** Runs a command in the project that uses the package. What it prints is part of the error when it fails. */
function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stdout}\n${stderr}`);
  return stdout;
}

function write(name: string, text: string): string {
  writeFileSync(path.join(folder, name), text);
  return name;
}

/** Serves podinfo on a path socket and calls it, given `podwire` and `definitions` in scope. */
const body = `
const endpoint = 'unix://' + process.argv[2];
async function main() {
  const server = podwire.createServer();
  server.add(definitions.PodInfoDefinition, {
    describe: async (request) => ({ reply: request.text + ' And a reply from the server.' }),
    watch: async function* () {},
    pushLogs: async () => ({}),
    exchange: async function* () {},
  });
  await server.listen(endpoint);
  const channel = podwire.createChannel(endpoint);
  const { reply } = await podwire.createClient(definitions.PodInfoDefinition, channel).describe({ text: 'Packed.' });
  await channel.close();
  await server.shutdown();
  console.log(reply);
}
main();
`;
const reply = 'Packed. And a reply from the server.';

describe('the packed tarball, installed in another project', () => {
  beforeAll(() => {
    const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: repository,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [{ filename }] = JSON.parse(packed.slice(packed.indexOf('[\n'))) as [{ filename: string }];
    write('package.json', JSON.stringify({ name: 'user', version: '1.0.0', private: true }));
    const { devDependencies } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const tools = ['typescript', '@types/node'].map((name) => `${name}@${devDependencies[name]}`);
    run('npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', `./${filename}`, ...tools);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('works with import', () => {
    const program = write(
      'esm.mjs',
      `import * as podwire from 'podwire';\nimport * as definitions from 'podwire/gen/podinfo/v1/podinfo.js';\n${body}`,
    );
    expect(run(process.execPath, program, path.join(folder, 'esm.sock')).trim()).toBe(reply);
  });

  it('works with require', () => {
    const program = write(
      'cjs.cjs',
      `const podwire = require('podwire');\nconst definitions = require('podwire/gen/podinfo/v1/podinfo.js');\n${body}`,
    );
    expect(run(process.execPath, program, path.join(folder, 'cjs.sock')).trim()).toBe(reply);
  });

  it('works from TypeScript, checked strictly with the declarations of the package', () => {
    write(
      'typed.mts',
      `import { Code, createChannel, createClient, createServer, RpcError, type Peer } from 'podwire';
import { IdentityDefinition } from 'podwire/gen/csi/v1/csi.js';
import { PodInfoDefinition } from 'podwire/gen/podinfo/v1/podinfo.js';
import { fileDescriptorSet } from 'podwire/gen/csi/v1/csi.descriptor.js';

const endpoint = 'unix://' + process.argv[2];
const peers: Peer[] = [];
const server = createServer();
server.add(PodInfoDefinition, {
  async describe({ text }, { peer }) {
    peers.push(peer);
    return { reply: text + ' And a reply from the server.' };
  },
  async *watch() {},
  async pushLogs() {
    return { acceptedLines: 1n };
  },
  async *exchange(requests) {
    for await (const { id } of requests) yield { id, outcome: { $case: 'output', value: '' } };
  },
});
await server.listen(endpoint);
const channel = createChannel(endpoint);
const { reply } = await createClient(PodInfoDefinition, channel).describe({ text: 'Packed.' }, { timeoutMs: 1_000 });
const missing: unknown = await createClient(IdentityDefinition, channel).probe({}).catch((error: unknown) => error);
if (!(missing instanceof RpcError) || missing.code !== Code.UNIMPLEMENTED) throw new Error('no UNIMPLEMENTED');
if (fileDescriptorSet().length === 0 || peers[0]?.uid !== process.getuid?.()) throw new Error('incomplete');
await channel.close();
await server.shutdown();
const text: string = reply;
// @ts-expect-error: a reply is text
const number: number = reply;
console.log(text ?? number);
`,
    );
    write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: { module: 'nodenext', target: 'es2022', strict: true, types: ['node'], outDir: 'out' },
        files: ['typed.mts'],
      }),
    );
    run(process.execPath, 'node_modules/typescript/bin/tsc', '-p', '.');
    expect(run(process.execPath, 'out/typed.mjs', path.join(folder, 'typed.sock')).trim()).toBe(reply);
  });

  it('has the command, which needs no other package for what needs none', () => {
    const bin = path.join(folder, 'node_modules/.bin/podwire');
    const { version } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8')) as { version: string };
    expect(run(bin, '--version')).toBe(`${version}\n`);
    expect(run(bin, 'csi', 'hostpath', '--help')).toMatch(/^Usage: podwire csi hostpath/);
    expect(run(bin, 'csi', 'conformance', '--list')).toContain(
      'controller/a-volume-is-made\tcontroller CREATE_DELETE_VOLUME\n',
    );
    // The user has not installed what it logs with.
    const args = ['csi', 'hostpath', '--state-dir', path.join(folder, 'state'), '--node-id', 'node-1'];
    const { status, stderr } = spawnSync(bin, args, { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('run `npm install pino` beside podwire'),
    });
  });

  it('checks the plugin of another process with the command', async () => {
    const socket = path.join(folder, 'plugin.sock');
    const program = write(
      'plugin.mjs',
      `import { createPlugin } from 'podwire/csi';
       await createPlugin({ name: 'bare.csi.example.com', version: '1' }).listen(process.argv[2]);
       console.log('listens');`,
    );
    const plugin = spawn(process.execPath, [program, `unix://${socket}`], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(plugin.stdout!, 'data');
      const printed = run(
        'node_modules/.bin/podwire',
        'csi',
        'conformance',
        `unix://${socket}`,
        '--json',
        'results.json',
      );
      expect(printed).toMatch(/^ok {4}identity\/it-is-ready$/m);
      expect(printed).toMatch(/\n\d+ passed, 0 failed, \d+ skipped\n$/);
      expect(JSON.parse(readFileSync(path.join(folder, 'results.json'), 'utf8'))).toMatchObject({ failed: 0 });
    } finally {
      plugin.kill();
    }
  });

  it('contains what it needs and nothing of the tests or examples', () => {
    const files = run('find', 'node_modules/podwire', '-type', 'f').split('\n');
    const names = files.map((file) => file.replace('node_modules/podwire/', ''));
    expect(names).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'proto/csi/v1/csi.proto']));
    expect(names.filter((name) => /^(test|examples|bench|src|scripts|\.ci)\//.test(name))).toEqual([]);
  });
});

import { execFileSync, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { nodeBinary } from '../test/interop/node-binary.js';

/**
 * Runs every check, counts the test cases of each, and prints the sum. A skipped case counts as a failed one. Arguments pick the
 * steps whose names contain one of them: `.ci/run interop csi-sanity`.
 */

interface Tally {
  passed: number;
  failed: number;
}

interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const repository = path.resolve(import.meta.dirname, '..');
const scratch = await mkdtemp(path.join(tmpdir(), 'podwire-ci-'));
/** The floor, and what is headlined. */
const otherNodes = ['20.19', '22', '24', '26'];

function run({ command, args, cwd = repository, env = process.env }: Command): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** A command that passes or fails as one case. */
async function check(command: Command): Promise<Tally> {
  const failed = (await run(command)) === 0 ? 0 : 1;
  return { passed: 1 - failed, failed };
}

/** What did not pass, said once more at the end: a log of this length is read from there. */
const failures: string[] = [];

function noteFailures(report: VitestReport): void {
  for (const { name, message, assertionResults } of report.testResults) {
    const file = path.relative(repository, name);
    if (message !== '') failures.push(`${file}: ${message}`);
    for (const { fullName, status, failureMessages } of assertionResults) {
      if (status !== 'passed') failures.push(`${file}: ${fullName}: ${status} ${failureMessages.join('\n')}`);
    }
  }
}

let reports = 0;

/** A vitest run, counted case by case. */
async function vitest(
  args: readonly string[],
  { node = process.execPath, env = {} }: { readonly node?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Tally> {
  const outputFile = path.join(scratch, `report-${++reports}.json`);
  const program = path.join(repository, 'node_modules/vitest/vitest.mjs');
  const status = await run({
    command: node,
    args: [program, 'run', ...args, '--reporter=default', '--reporter=json', `--outputFile=${outputFile}`],
    env: { ...process.env, ...env },
  });
  const report = JSON.parse(await readFile(outputFile, 'utf8')) as VitestReport;
  noteFailures(report);
  const skipped = report.numPendingTests + report.numTodoTests;
  if (skipped > 0) console.error(`${skipped} cases were skipped: here that is a failure`);
  let failed = report.numFailedTests + skipped;
  // A file that cannot be loaded, an error outside a case, or no case at all.
  if (failed === 0 && (status !== 0 || report.numFailedTestSuites > 0 || report.numPassedTests === 0)) failed = 1;
  return { passed: report.numPassedTests, failed };
}

/** The README's commands in a fresh clone, where nothing is on the PATH but Node, npm and a shell. */
async function newcomer(script: string): Promise<Tally> {
  const folder = await mkdtemp(path.join(scratch, 'newcomer-'));
  // Some tests start processes of other users, who have to read the clone.
  for (const readable of [scratch, folder]) await chmod(readable, 0o755);
  const bin = path.join(folder, 'bin');
  await mkdir(bin);
  await mkdir(path.join(folder, 'home'));
  await symlink(process.execPath, path.join(bin, 'node'));
  // From Debian's coreutils and dash; no compiler, no make, no Python, no git.
  const tools = ['sh', 'env', 'cat', 'ls', 'rm', 'mkdir', 'uname', 'dirname', 'readlink', 'sed'];
  for (const tool of tools) await symlink(path.join('/bin', tool), path.join(bin, tool));
  const npm = path.join(execFileSync('npm', ['root', '--global'], { encoding: 'utf8' }).trim(), 'npm/bin/npm-cli.js');
  await writeFile(path.join(bin, 'npm'), `#!/bin/sh\nexec node ${npm} "$@"\n`, { mode: 0o755 });
  const clone = path.join(folder, 'podwire');
  const cloned = await run({ command: 'git', args: ['clone', '--quiet', repository, clone] });
  if (cloned !== 0) return { passed: 0, failed: 1 };
  const { NODE_EXTRA_CA_CERTS } = process.env;
  const env = { PATH: bin, HOME: path.join(folder, 'home'), CI: 'true', NODE_EXTRA_CA_CERTS };
  return check({ command: '/bin/sh', args: ['-c', `npm ci && npm ${script}`], cwd: clone, env });
}

/** What may differ from one Node to the next; the rest is about files of this repository. */
const runtimeTests = [
  ...['client', 'endpoint', 'examples', 'grpc-js', 'http2', 'nice-grpc', 'rpc', 'server', 'services', 'socket'],
  ...['testing', 'transport'],
].map((folder) => `test/${folder}/`);

/** Makes packages impossible to load, as on a system for which they have no binary. */
function without(names: string): NodeJS.ProcessEnv {
  const preload = path.join(repository, 'test/socket/without-packages.cjs');
  return { PODWIRE_TEST_WITHOUT: names, NODE_OPTIONS: `--require ${preload}` };
}

const withoutPackages = ['koffi', 'koffi,abstract-socket'];

/**
 * What of `runtimeTests` says nothing without koffi. All else runs, and asserts what holds then: see
 * test/socket/knows-peers.ts. That each of these refuses rather than pretends is in test/socket/open-server.test.ts.
 */
const notWithoutKoffi = [
  // They touch no socket, which test/architecture keeps so.
  'test/endpoint/',
  'test/http2/',
  'test/rpc/',
  // Programs that hold policies and print what they see of peers: without koffi they refuse to start, or warn.
  'test/examples/',
  // About who is at the other end, which nobody can tell.
  'test/socket/peer-credentials.test.ts',
  'test/socket/user-namespace.test.ts',
  // About what only libc can do.
  'test/socket/inherited-socket.test.ts',
  'test/socket/libc.test.ts',
  'test/socket/protected-path.test.ts',
];

// One by one, since --exclude counts for nothing in a project of vitest that excludes files itself.
const withoutKoffi = runtimeTests
  .flatMap((folder) =>
    readdirSync(path.join(repository, folder), { recursive: true }).map((file) => `${folder}${file}`),
  )
  .filter((file) => file.endsWith('.test.ts') && !notWithoutKoffi.some((beginning) => file.startsWith(beginning)));

const npm = (...args: string[]): Command => ({ command: 'npm', args });

/** Public suites, counted case by case; their part of docs/conformance.md must be what comes out. */
async function conformance(command: 'conformance' | 'conformance:csi'): Promise<Tally> {
  const tally = path.join(repository, `test/conformance/.cache/tally.${command.replace(':', '-')}.json`);
  await rm(tally, { force: true });
  await run(npm('run', command, '--', '--check'));
  return JSON.parse(await readFile(tally, 'utf8')) as Tally;
}

const steps: [string, () => Promise<Tally>][] = [
  ['format, lint, types, generated code', () => check(npm('run', 'check'))],
  ['unit tests', () => vitest(['--project', 'unit'])],
  [
    'examples, users, namespaces, faults at full size',
    () => vitest(['--project', 'system'], { env: { PODWIRE_FAULTS: 'full' } }),
  ],
  ['interop with other languages', () => vitest(['--project', 'interop'])],
  [
    'docs/interop.md is what the run gave',
    () => check({ command: 'npx', args: ['--no-install', 'tsx', 'test/interop/write-table.ts', '--check'] }),
  ],
  ['the packed tarball', () => vitest(['--project', 'package'])],
  ...otherNodes.map((version): [string, () => Promise<Tally>] => [
    `everything that runs on Node ${version}`,
    async () =>
      vitest(['--project', 'unit', '--project', 'system', ...runtimeTests], { node: await nodeBinary(version) }),
  ]),
  ...withoutPackages.map((names): [string, () => Promise<Tally>] => [
    `what works without ${names.replace(',', ' and without ')}`,
    () => vitest(['--project', 'unit', '--project', 'system', ...withoutKoffi], { env: without(names) }),
  ]),
  ['h2spec and the gRPC interop cases', () => conformance('conformance')],
  ['csi-sanity and podwire csi conformance', () => conformance('conformance:csi')],
  ['fresh clone: npm ci && npm run demo', () => newcomer('run demo')],
  ['fresh clone: npm ci && npm test', () => newcomer('test')],
];

const total: Tally = { passed: 0, failed: 0 };
const lines: string[] = [];
const wanted = process.argv.slice(2);
const chosen = steps.filter(([name]) => wanted.length === 0 || wanted.some((text) => name.includes(text)));
if (chosen.length === 0) throw new Error(`no step is called so; there are\n${steps.map(([name]) => name).join('\n')}`);
for (const [name, step] of chosen) {
  console.log(`\n=== ${name}`);
  const began = performance.now();
  const tally = await step().catch((error: unknown): Tally => {
    console.error(error);
    return { passed: 0, failed: 1 };
  });
  total.passed += tally.passed;
  total.failed += tally.failed;
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  lines.push(`${name}: ${tally.passed} passed, ${tally.failed} failed, ${seconds} s`);
}
await rm(scratch, { recursive: true, force: true });
if (failures.length > 0) console.log(`\n${failures.map((text) => text.slice(0, 2_000)).join('\n')}`);
console.log(`\n${lines.join('\n')}\n`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

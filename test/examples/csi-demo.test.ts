import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControllerDefinition, IdentityDefinition } from '../../gen/csi/v1/csi.js';
import { createServer, sameUser } from '../../src/index.js';
import { type ExampleOptions, ExampleProcess } from './example-process.js';

const titles = [
  'start the plugin',
  'want a volume',
  'write through its path',
  "read it in the volume's own folder",
  'want a snapshot',
  'kill the plugin',
  'want a copy of the snapshot',
  'start the plugin again',
  'see the copy made',
  'want the volume larger',
  'want nothing any more',
  'look for what is left',
  'stop the plugin',
];

/** The demo makes its temporary folder in here. */
let folder: string;
let temporary: string;

// One folder for all, in which tsx finds what it compiled before.
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-'));
  temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  chmodSync(folder, 0o755);
  chmodSync(temporary, 0o1777);
});

afterAll(() => rmSync(folder, { recursive: true }));

function startDemo(args: readonly string[] = [], options: ExampleOptions = {}): ExampleProcess {
  return new ExampleProcess('csi/demo.ts', args, { ...options, env: { TMPDIR: temporary } });
}

/** The process that the first step names. */
async function pluginOf(demo: ExampleProcess): Promise<number> {
  return Number(/process (\d+)/.exec(await demo.printed('start the plugin'))?.[1]);
}

function runs(pid: number): boolean {
  try {
    // A zombie has ended; only its parent did not ask yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function expectNothingLeft(plugin?: number): void {
  if (plugin !== undefined) expect(runs(plugin), 'the plugin still runs').toBe(false);
  // tsx keeps its cache there.
  expect(readdirSync(temporary).filter((name) => !name.startsWith('tsx-'))).toEqual([]);
}

function expectAllSteps(demo: ExampleProcess, endpoint: string | RegExp): void {
  expect(demo.errors).toEqual([]);
  const lines = demo.output.slice(0, -1);
  for (const line of lines) expect(line).toMatch(/^ *\d+\.\d ms {2}[\w' ]+: .+/);
  expect(lines.map((line) => /ms {2}(.+?):/.exec(line)?.[1])).toEqual(titles);
  expect(demo.output.at(-1)).toMatch(/^demo ok: 13 steps in \d+ ms over /);
  expect(demo.output.at(-1)).toMatch(endpoint);
}

describe('the demo', () => {
  it('goes all the way over an abstract name of its own', async () => {
    const demo = startDemo();
    expect(await demo.ended()).toBe(0);
    expectAllSteps(demo, /over unix-abstract:podwire-demo-[0-9a-f]{12}$/);
    expectNothingLeft(await pluginOf(demo));
  });

  it('kills the plugin, and another process is the plugin after that', async () => {
    const demo = startDemo();
    const first = await pluginOf(demo);
    expect(await demo.printed('kill the plugin')).toContain(`process ${first} got SIGKILL`);
    const second = Number(/process (\d+)/.exec(await demo.printed('start the plugin again'))?.[1]);
    expect(runs(first)).toBe(false);
    expect(second).not.toBe(first);
    expect(await demo.ended()).toBe(0);
    expectNothingLeft(second);
  });

  it('goes all the way over a path, and leaves no socket file', async () => {
    const path = join(folder, 'csi.sock');
    const demo = startDemo(['--endpoint', `unix://${path}`]);
    expect(await demo.ended()).toBe(0);
    expectAllSteps(demo, `over unix://${path}`);
    expectNothingLeft(await pluginOf(demo));
    expect(existsSync(path)).toBe(false);
  });

  it('runs as any user', async (context) => {
    context.skip(process.geteuid?.() !== 0, 'needs root, to be another user');
    const uid = 4_321;
    const demo = startDemo([], { uid });
    expect(await demo.ended(), demo.errors.join('\n')).toBe(0);
    expectAllSteps(demo, /over unix-abstract:/);
    expectNothingLeft(await pluginOf(demo));
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('cleans up on %s', async (signal) => {
    const demo = startDemo();
    const plugin = await pluginOf(demo);
    expect(await demo.stop(signal)).toBe({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal]);
    expect(demo.errors).toEqual([`demo stopped by ${signal}`]);
    expectNothingLeft(plugin);
  });

  it('says that the folder for the socket is missing, and how to make it', async () => {
    const demo = startDemo(['--endpoint', `unix://${folder}/missing/csi.sock`]);
    expect(await demo.ended()).toBe(1);
    expect(demo.output).toEqual([]);
    expect(demo.errors).toEqual([
      `demo failed: the folder ${folder}/missing does not exist; make it first: mkdir -p ${folder}/missing`,
    ]);
  });

  it('tells what the plugin said when it cannot start', async () => {
    const path = join(folder, 'folder.sock');
    mkdirSync(path);
    const demo = startDemo(['--endpoint', path]);
    expect(await demo.ended()).toBe(1);
    expect(demo.errors[0]).toMatch(/^demo failed: the plugin ended with status 1: .*folder\.sock/);
    expectNothingLeft();
  });

  it('keeps its hands off a plugin that listens there already', async () => {
    const endpoint = `unix-abstract:podwire-test-${randomUUID()}`;
    const calls: string[] = [];
    const server = createServer({
      interceptors: [
        (next) => async (request) => {
          calls.push(request.method.path);
          return next(request);
        },
      ],
    });
    server.addPartial(ControllerDefinition, {});
    server.addPartial(IdentityDefinition, { probe: async () => ({}) });
    await server.listen(endpoint, { allowPeer: sameUser() });
    try {
      const demo = startDemo(['--endpoint', endpoint]);
      expect(await demo.ended()).toBe(1);
      expect(demo.errors[0]).toContain('EADDRINUSE');
      expect(calls).toEqual([]);
    } finally {
      await server.shutdown();
    }
  });

  it('tells when the plugin dies', async () => {
    const demo = startDemo();
    process.kill(await pluginOf(demo), 'SIGKILL');
    expect(await demo.ended()).toBe(1);
    expect(demo.errors.join('\n')).toMatch(/^demo failed: /);
    expectNothingLeft();
  });

  it('shows its arguments, and refuses others', async () => {
    const help = startDemo(['--help']);
    expect(await help.ended()).toBe(0);
    expect(help.output.join('\n')).toContain('npm run demo -- --endpoint unix:///tmp/csi.sock');
    const wrong = startDemo(['--endpiont', 'x']);
    expect(await wrong.ended()).toBe(1);
    expect(wrong.errors[0]).toMatch(/^demo failed: .*--endpiont/);
  });

  it('is what `npm run demo` starts', () => {
    const output = execFileSync('npm', ['run', '--silent', 'demo'], {
      encoding: 'utf8',
      env: { ...process.env, TMPDIR: temporary },
    });
    expect(output.trimEnd().split('\n').at(-1)).toMatch(/^demo ok/);
  });
});

import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { ExampleProcess } from './example-process.js';
import { type PodManifest, readPodManifest } from './pod-manifest.js';
import { PodSandbox } from './pod-sandbox.js';

const example = fileURLToPath(new URL('../../examples/echo/', import.meta.url));
const page = readFileSync(join(example, 'README.md'), 'utf8');
const words = ['echo: hello', 'echo: neighbour', 'stream: hello', 'stream: neighbour'];

describe('server and client as processes', () => {
  let folder: string;
  let path: string;
  let processes: ExampleProcess[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'podwire-'));
    path = join(folder, 'echo.sock');
    processes = [];
  });

  afterEach(async () => {
    for (const process of processes) await process[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  function start(...parameters: ConstructorParameters<typeof ExampleProcess>): ExampleProcess {
    const process = new ExampleProcess(...parameters);
    processes.push(process);
    return process;
  }

  it.each(['echo/client', 'echo/server', 'podinfo/client', 'podinfo/server'])(
    'say how they are called when an option is wrong: %s',
    async (program) => {
      const wrong = start(`${program}.ts`, ['--sya', 'x']);
      expect(await wrong.ended()).toBe(2);
      expect(wrong.errors).toEqual([
        expect.stringMatching(/^Unknown option '--sya'/),
        expect.stringMatching(`^usage: npx tsx examples/${program}.ts `),
      ]);
    },
  );

  it.each(['SIGTERM', 'SIGINT'] as const)('talk over a path until %s, which leaves no file', async (signal) => {
    const server = start('echo/server.ts', [path]);
    // Where the environment says; an argument counts more.
    const client = start('echo/client.ts', [], { env: { ECHO_ENDPOINT: `unix://${path}` } });
    expect(await client.ended(), client.errors.join('\n')).toBe(0);
    expect(client.output).toEqual([`connected to user ${process.getuid?.()} at unix://${path}`, ...words]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await server.stop(signal)).toBe(0);
    expect(server.output.at(0)).toBe(`listening on unix://${path}`);
    expect(server.output.at(-1)).toBe('stopped');
    expect([server.errors, existsSync(path)]).toEqual([[], false]);
  });

  it('leave the place of a live server alone, and take that of a killed one', async () => {
    const env = { ECHO_ENDPOINT: 'unix-abstract:not-here' };
    const first = start('echo/server.ts', [path], { env });
    await first.printed('listening');
    const second = start('echo/server.ts', [path], { env });
    expect(await second.ended()).toBe(1);
    expect(second.errors).toEqual([expect.stringContaining(`held by process ${first.child.pid}`)]);
    expect(await first.stop('SIGKILL')).toBe('SIGKILL');
    expect(existsSync(path)).toBe(true);
    const third = start('echo/server.ts', [path, '--mode', '640'], { env });
    await third.printed('listening');
    expect(statSync(path).mode & 0o777).toBe(0o640);
    const client = start('echo/client.ts', [path, '--say', 'grün'], { env });
    expect(await client.ended(), client.errors.join('\n')).toBe(0);
    expect(client.output.slice(1)).toEqual(['echo: grün', 'stream: grün']);
  });

  it('say what is wrong', async () => {
    for (const program of ['echo/server.ts', 'echo/client.ts']) {
      const failing = start(program, ['tcp://127.0.0.1:1']);
      expect(await failing.ended()).toBe(1);
      expect(failing.errors).toEqual([expect.stringContaining('"tcp://127.0.0.1:1" is not an endpoint')]);
    }
    const name = `unix-abstract:podwire-test-${randomUUID()}`;
    const uid = '4000000001';
    await start('echo/server.ts', [name, '--peer-uid', uid]).printed('listening');
    const refused = start('echo/client.ts', [name]);
    expect(await refused.ended()).toBe(1);
    expect(refused.errors).toEqual([expect.stringMatching(/PERMISSION_DENIED.*not allowed by users\(4000000001\)/)]);
  });
});

describe('the image', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'podwire-image-'));
  });

  afterEach(() => rmSync(root, { recursive: true }));

  /** What a line of the Dockerfile says behind its instruction. */
  const said = (instruction: string): string[] =>
    [...readFileSync(join(example, 'Dockerfile'), 'utf8').matchAll(new RegExp(`^${instruction} (.*)$`, 'gm'))].map(
      ([, text = '']) => text,
    );

  it('has all that its command and that of the client need', () => {
    const repository = join(example, '../..');
    for (const copied of said('COPY')) {
      const [to = '', ...from] = copied.split(' ').reverse();
      for (const name of from) {
        const target = to.endsWith('/') ? join(to, name) : to;
        cpSync(join(repository, name), join(root, target), { recursive: true });
      }
    }
    symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
    const [node, ...args] = JSON.parse(said('CMD')[0] ?? '[]') as string[];
    expect(node).toBe('node');
    for (const program of ['server', 'client']) {
      const command = args.map((arg) => arg.replace('server.ts', `${program}.ts`));
      const run = spawnSync(process.execPath, [...command, '--sya'], { cwd: root, encoding: 'utf8' });
      expect([run.status, run.stderr]).toEqual([2, expect.stringContaining(`examples/echo/${program}.ts`)]);
    }
  });
});

describe('pods', () => {
  let pods: PodSandbox[];

  beforeEach(() => {
    pods = [];
  });

  afterEach(async () => {
    for (const pod of pods) await pod[Symbol.asyncDispose]();
  });

  const manifest = (name: string): PodManifest => readPodManifest(join(example, name));

  async function startPod(manifest: PodManifest): Promise<PodSandbox> {
    const pod = await PodSandbox.start(manifest);
    pods.push(pod);
    return pod;
  }

  /** Skips where containers cannot be made; a skipped case fails the whole check of the project. */
  function needsContainers(context: TestContext): void {
    const probe = ['unshare', '--net', '--mount', '--ipc', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc']
      .concat('nsenter', '--net=/proc/self/ns/net')
      .concat(
        'setpriv',
        '--reuid',
        '1000',
        '--regid',
        '1000',
        '--clear-groups',
        '--no-new-privs',
        '--bounding-set=-all',
      )
      .concat(process.execPath, fileURLToPath(import.meta.resolve('tsx/cli')), '--version');
    const [program = '', ...args] = probe;
    let missing = process.geteuid?.() === 0 ? undefined : 'root';
    try {
      execFileSync(program, args, { stdio: 'ignore' });
    } catch {
      missing ??= `unshare, nsenter, setpriv, and a checkout that uid 1000 can read: ${probe.join(' ')}`;
    }
    context.skip(missing !== undefined, `needs ${missing}`);
  }

  /** The line that the README shows of this case. */
  const shown = (text: RegExp): string =>
    page
      .split('\n')
      .find((line) => text.test(line))
      ?.trim() ?? `nothing of ${text}`;

  it('of the abstract name: only the users that the manifest names', async (context) => {
    needsContainers(context);
    const pod = await startPod(manifest('pod-abstract.yaml'));
    const server = pod.run(pod.container('server'));
    const client = pod.run(pod.container('client'));
    expect(await client.ended(), client.errors.join('\n')).toBe(0);
    expect(client.output).toEqual(['connected to user 1000 at unix-abstract:echo', ...words]);
    expect(server.output).toContain('5 bytes from user 1001');

    const third = pod.run(pod.container('client', { uid: 1002, gid: 1001 }));
    expect(await third.ended()).toBe(1);
    expect(third.errors).toEqual([shown(/PERMISSION_DENIED: .*users\(1001\)/)]);

    // A container that takes the name first, in another pod: the client tells it nothing.
    const other = await startPod(manifest('pod-abstract.yaml'));
    const squatter = other.run(other.container('server', { uid: 1002 }));
    await squatter.printed('listening');
    const wary = other.run(other.container('client'));
    expect(await wary.ended()).toBe(1);
    expect(wary.errors).toEqual([shown(/PERMISSION_DENIED: .*as the server/)]);

    expect(await server.stop('SIGTERM')).toBe(0);
    expect([server.output.at(-1), server.errors]).toEqual(['stopped', []]);
  });

  it('of the abstract name: another pod does not find it, and is told so', async (context) => {
    needsContainers(context);
    const pod = await startPod(manifest('pod-abstract.yaml'));
    const other = await startPod(manifest('pod-abstract.yaml'));
    await pod.run(pod.container('server')).printed('listening');
    const client = other.run(other.container('client'));
    expect(await client.ended()).toBe(1);
    expect(client.errors).toEqual([shown(/in this network namespace/)]);
  });

  it('of the path: owner, group and mode decide, and a restart finds its way', async (context) => {
    needsContainers(context);
    const pod = await startPod(manifest('pod-path.yaml'));
    const path = join(pod.folderOf('sockets'), 'echo.sock');
    const killed = pod.run(pod.container('server'));
    await killed.printed('listening');
    await killed.stop('SIGKILL');
    expect(existsSync(path)).toBe(true);
    const server = pod.run(pod.container('server'));
    const client = pod.run(pod.container('client'));
    expect(await client.ended(), [...server.errors, ...client.errors].join('\n')).toBe(0);
    expect(client.output).toEqual(['connected to user 1000 at unix:///run/echo/echo.sock', ...words]);
    const { uid, gid, mode } = statSync(path);
    expect([uid, gid, mode & 0o777]).toEqual([1000, 2000, 0o660]);

    // What the client's container may not do: the volume is read-only there.
    const vandal = pod.run(pod.container('client', { command: ['rm', '-f', '/run/echo/echo.sock'] }));
    expect(await vandal.ended()).toBe(1);
    expect(vandal.errors).toEqual([expect.stringContaining('Read-only file system')]);

    // A pod on the host's network, or on its own: whoever mounts the volume finds the file.
    const elsewhere = pod.run(pod.container('client'), await startPod(manifest('pod-abstract.yaml')));
    expect(await elsewhere.ended(), elsewhere.errors.join('\n')).toBe(0);

    // Neither its owner nor of its group: the kernel refuses, and the server hears nothing of it.
    const stranger = pod.run(pod.container('client', { uid: 1002, gid: 1002, groups: [] }));
    expect(await stranger.ended()).toBe(1);
    expect(stranger.errors).toEqual([shown(/EACCES/)]);

    expect(await server.stop('SIGTERM')).toBe(0);
    expect([server.errors, existsSync(path)]).toEqual([[], false]);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ControllerDefinition, NodeDefinition } from '../../../gen/csi/v1/csi.js';
import { RegistrationDefinition } from '../../../gen/pluginregistration/v1/pluginregistration.js';
import { createChannel, createClient } from '../../../src/index.js';
import { temporaryFolder } from '../../csi/hostpath/temporary-folder.js';

const program = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

interface Line {
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Starts `podwire csi hostpath`. */
function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, ['--import', 'tsx', program, 'csi', 'hostpath', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const errors = text(child.stderr);
  const lines: Line[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const complete = (rest + chunk).split('\n');
    rest = complete.pop()!;
    lines.push(...complete.map((line) => JSON.parse(line) as Line));
  });
  const ended = once(child, 'exit');
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  const line = (msg: string) =>
    vi.waitFor(
      () => lines.find((found) => found.msg === msg) ?? Promise.reject(new Error(`not logged: ${msg}`)),
      20_000,
    );
  const stopReading = () => void child.stdout.destroy();
  return { lines, line, errors, end, ended, stopReading };
}

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path }, (response) => void text(response).then(resolve, reject));
    asked.on('error', reject).end();
  });
}

describe('podwire csi hostpath', () => {
  it('serves CSI, health, metrics and the kubelet, and takes all of it back on SIGTERM', async () => {
    const folder = temporaryFolder();
    const [socket, http, registry] = ['csi.sock', 'http.sock', 'registry'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    mkdirSync(registry);
    const { lines, line, errors, end } = start(
      [
        ...['--state-dir', join(folder, 'state'), '--capacity', 'standard=1Gi', '--max-volumes-per-node', '7'],
        ...['--topology', 'example.com/zone=z1', '--mounts', 'links', '--mode', '0660', '--log-level', 'debug'],
        ...[
          '--http-endpoint',
          http,
          '--kubelet-registration-path',
          '/kubelet/csi.sock',
          '--plugins-registry',
          registry,
        ],
      ],
      { CSI_ENDPOINT: `unix://${socket}`, KUBE_NODE_NAME: 'node-of-kubernetes' },
    );
    expect(await line('listening')).toMatchObject({ driver: 'hostpath.csi.podwire', nodeId: 'node-of-kubernetes' });
    expect(statSync(socket).mode & 0o777).toBe(0o660);
    const channel = createChannel(`unix://${socket}`);
    onTestFinished(() => channel.close());
    expect(await createClient(NodeDefinition, channel).nodeGetInfo({})).toMatchObject({
      nodeId: 'node-of-kubernetes',
      maxVolumesPerNode: 7n,
      accessibleTopology: { segments: { 'example.com/zone': 'z1' } },
    });
    expect((await createClient(ControllerDefinition, channel).getCapacity({})).availableCapacity).toBe(2n ** 30n);
    expect(await get(http, '/healthz')).toBe('ok\n');
    expect(await get(http, '/metrics')).toMatch(
      /^csi_plugin_operations_seconds_count\{driver_name="hostpath.csi.podwire",method_name="\/csi.v1.Controller\/GetCapacity",grpc_status_code="OK"\} 1$/m,
    );
    const kubelet = createChannel(`unix://${join(registry, 'hostpath.csi.podwire-reg.sock')}`);
    onTestFinished(() => kubelet.close());
    expect(await get(http, '/readyz')).toBe('not ready\n');
    const asking = createClient(RegistrationDefinition, kubelet);
    const info = await asking.getInfo({});
    expect(info).toMatchObject({ type: 'CSIPlugin', name: 'hostpath.csi.podwire', endpoint: '/kubelet/csi.sock' });
    await asking.notifyRegistrationStatus({ pluginRegistered: true });
    expect(await get(http, '/readyz')).toBe('ok\n');
    expect(lines).toContainEqual(expect.objectContaining({ method: 'csi.v1.Controller/GetCapacity', code: 'OK' }));

    await Promise.all([channel.close(), kubelet.close()]);
    expect(await end('SIGTERM')).toEqual([0, null]);
    expect(lines.at(-1)).toMatchObject({ msg: 'ended in order' });
    expect(await errors).toBe('');
    expect([readdirSync(folder).sort(), readdirSync(registry)]).toEqual([['registry', 'state'], []]);
  });

  it('says that a socket is another server’s, and leaves it to that', async () => {
    const folder = temporaryFolder();
    const endpoint = `unix://${join(folder, 'csi.sock')}`;
    const args = ['--endpoint', endpoint, '--node-id', 'n', '--mounts', 'links', '--state-dir'];
    const first = start([...args, join(folder, 'first')]);
    await first.line('listening');
    const second = start([...args, join(folder, 'second')]);
    expect(await second.ended).toEqual([1, null]);
    expect(await second.errors).toMatch(/^podwire: .*EADDRINUSE/);
    expect(await first.end('SIGINT')).toEqual([0, null]);
  });

  it('goes on when nobody reads its log any more', async () => {
    const folder = temporaryFolder();
    const endpoint = `unix://${join(folder, 'csi.sock')}`;
    const state = ['--state-dir', join(folder, 'state')];
    const { line, errors, end, stopReading } = start([
      ...['--endpoint', endpoint, '--node-id', 'n', '--mounts', 'links', '--log-level', 'debug', ...state],
    ]);
    await line('listening');
    stopReading();
    const channel = createChannel(endpoint);
    onTestFinished(() => channel.close());
    const node = createClient(NodeDefinition, channel);
    for (let call = 0; call < 3; call++) expect(await node.nodeGetInfo({})).toMatchObject({ nodeId: 'n' });
    await channel.close();
    expect(await end('SIGTERM')).toEqual([0, null]);
    expect(await errors).toBe('');
  });
});

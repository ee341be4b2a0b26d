import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runController } from '../../examples/csi/controller.js';
import { controllerService } from '../../examples/csi/controller-service.js';
import { DirectoryVolumes } from '../../examples/csi/directory-volumes.js';
import { identityService } from '../../examples/csi/identity-service.js';
import { nodeService } from '../../examples/csi/node-service.js';
import { ControllerDefinition, IdentityDefinition, NodeDefinition } from '../../gen/csi/v1/csi.js';
import {
  type Channel,
  Code,
  createChannel,
  createServer,
  RpcError,
  type Server,
  type ServiceImplementation,
  sameUser,
} from '../../src/index.js';

/** The plugin's services in this process, on a real socket, with the faults that a test wants. */
type Faults = {
  readonly identity?: Partial<ServiceImplementation<IdentityDefinition>>;
  readonly controller?: Partial<ServiceImplementation<ControllerDefinition>>;
  readonly node?: Partial<ServiceImplementation<NodeDefinition>>;
};

let folder: string;
let endpoint: string;
let channel: Channel;
let server: Server | undefined;
let steps: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-'));
  endpoint = `unix-abstract:podwire-test-${randomUUID()}`;
  channel = createChannel(endpoint);
  steps = [];
  server = undefined;
});

afterEach(async () => {
  await channel.close();
  await server?.shutdown();
  rmSync(folder, { recursive: true });
});

async function servePlugin({ identity, controller, node }: Faults = {}): Promise<void> {
  const volumes = await DirectoryVolumes.open(join(folder, 'volumes'), 2n ** 30n);
  server = createServer()
    .add(IdentityDefinition, { ...identityService(volumes), ...identity })
    .addPartial(ControllerDefinition, { ...controllerService(volumes), ...controller })
    .addPartial(NodeDefinition, { ...nodeService(volumes, 'node'), ...node });
  await server.listen(endpoint, { allowPeer: sameUser() });
}

function run(options: { readyTimeoutMs?: number; signal?: AbortSignal } = {}): Promise<void> {
  const onStep = (title: string): void => void steps.push(title);
  return runController({ channel, volumeName: 'test', workloads: folder, onStep, ...options });
}

it('waits for a plugin that comes later', async () => {
  const life = run();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await servePlugin();
  await life;
  expect(steps).toHaveLength(13);
});

it('gives up on a plugin that does not come', async () => {
  await expect(run({ readyTimeoutMs: 30 })).rejects.toThrow(
    /^connect to the plugin: DEADLINE_EXCEEDED.*not ready within 30 ms/,
  );
});

it('probes until the plugin is ready; no answer in time is no either', async () => {
  const answers = [
    { ready: false },
    new RpcError(Code.DEADLINE_EXCEEDED, 'busy'),
    {}, // absent means ready
  ];
  let probes = 0;
  await servePlugin({
    identity: {
      async probe() {
        const answer = answers[probes++]!;
        if (answer instanceof RpcError) throw answer;
        return answer;
      },
    },
  });
  await run();
  expect(probes).toBe(3);
});

it('stops probing a plugin that is never ready', async () => {
  await servePlugin({ identity: { probe: async () => ({ ready: false }) } });
  await expect(run({ readyTimeoutMs: 200 })).rejects.toThrow('probe it: the plugin was not ready within 200 ms');
});

it('takes any other answer to a probe as final', async () => {
  let probes = 0;
  await servePlugin({
    identity: {
      async probe() {
        probes++;
        throw new RpcError(Code.FAILED_PRECONDITION, 'no disk');
      },
    },
  });
  await expect(run()).rejects.toThrow(/^probe it: FAILED_PRECONDITION: no disk/);
  expect(probes).toBe(1);
});

it.each<[string, string, Faults]>([
  ['ask for its name', 'no name', { identity: { getPluginInfo: async () => ({}) } }],
  ['ask what it can do', 'no controller', { identity: { getPluginCapabilities: async () => ({}) } }],
  ['ask what it can do', 'does not create', { controller: { controllerGetCapabilities: async () => ({}) } }],
  ['create a volume', 'no volume id', { controller: { createVolume: async () => ({}) } }],
  [
    'create a volume',
    '1 bytes',
    { controller: { createVolume: async () => ({ volume: { volumeId: 'v', capacityBytes: 1n } }) } },
  ],
  [
    'create it again',
    'another one',
    { controller: { createVolume: async () => ({ volume: { volumeId: randomUUID(), capacityBytes: 2n ** 30n } }) } },
  ],
  ['publish it', 'ENOENT', { node: { nodePublishVolume: async () => ({}) } }],
  ['unpublish it', 'still there', { node: { nodeUnpublishVolume: async () => ({}) } }],
  ['unstage it', 'ENOTEMPTY', { node: { nodeUnstageVolume: async () => ({}) } }],
  ['delete it', 'still there', { controller: { deleteVolume: async () => ({}) } }],
])('"%s" notices an answer that is not true (%s)', async (title, problem, faults) => {
  await servePlugin(faults);
  await expect(run()).rejects.toThrow(new RegExp(`^${title}: .*${problem}`));
  expect(steps).not.toContain(title);
});

it('works with a plugin that does not stage', async () => {
  const { nodePublishVolume } = nodeService(await DirectoryVolumes.open(join(folder, 'volumes'), 2n ** 30n), 'node');
  expect(nodePublishVolume).toBeTypeOf('function');
  const requests: string[] = [];
  await servePlugin({
    node: {
      nodeGetCapabilities: async () => ({}),
      nodePublishVolume: async ({ stagingTargetPath }) => {
        requests.push(stagingTargetPath);
        throw new RpcError(Code.ABORTED, 'seen');
      },
    },
  });
  await expect(run()).rejects.toThrow('publish it: ABORTED: seen');
  expect(requests).toEqual(['']);
  expect(steps).not.toContain('stage it');
});

it('ends when its signal says so, with the reason', async () => {
  const abort = new AbortController();
  await servePlugin({
    identity: {
      probe: async () => {
        abort.abort(new Error('enough'));
        return { ready: false };
      },
    },
  });
  await expect(run({ signal: abort.signal })).rejects.toThrow(/^enough$/);
});

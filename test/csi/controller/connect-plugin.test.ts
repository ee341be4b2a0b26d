import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  IdentityDefinition,
  NodeServiceCapability_RPC_Type as NodeRpc,
  PluginCapability_Service_Type as Service,
} from '../../../gen/csi/v1/csi.js';
import { type ConnectPluginOptions, connectPlugin } from '../../../src/csi/controller/connect-plugin.js';
import type { ConnectedPlugin } from '../../../src/csi/controller/connected-plugin.js';
import { createPlugin, type PluginOptions } from '../../../src/csi/index.js';
import { Code, createServer, RpcError, sameUser } from '../../../src/index.js';
import { startPluginProcess } from './plugin-process.js';

let folder: string;
let path: string;
const open: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-csi-'));
  path = join(folder, 'csi.sock');
});

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
  rmSync(folder, { recursive: true });
});

/** The machine may be busy. */
const until = (check: () => void) => vi.waitFor(check, { timeout: 15_000 });

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

async function serve(options: Partial<PluginOptions> = {}, endpoint = path) {
  const plugin = createPlugin({ name: 'csi.example.com', version: '1.0.0', shutdownOn: false, ...options });
  open.push(() => plugin.close());
  await plugin.listen(endpoint, { allowPeer: sameUser() });
  return plugin;
}

async function serveProcess(...args: Parameters<typeof startPluginProcess>) {
  const plugin = await startPluginProcess(...args);
  open.push(() => plugin.end());
  return plugin;
}

async function connect(options: ConnectPluginOptions = {}, endpoint = path): Promise<ConnectedPlugin> {
  const plugin = await connectPlugin(endpoint, { logger: quiet, probeIntervalMs: 5, ...options });
  open.push(() => plugin.close());
  return plugin;
}

async function failureOf(call: Promise<unknown>): Promise<RpcError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason) => reason,
  );
  return error instanceof RpcError ? error : expect.fail(`it ended with ${error}`);
}

const publishing = { nodePublishVolume: async () => ({}), nodeUnpublishVolume: async () => ({}) };
const capacityOfProcess = '{ controller: { getCapacity: async () => ({ availableCapacity: BigInt(process.pid) }) } }';

describe('a plugin that is there', () => {
  const topology = { segments: { 'example.com/zone': 'z1' } };
  const everything: Partial<PluginOptions> = {
    manifest: { build: '7' },
    features: { accessibilityConstraints: true, volumeExpansion: 'online', cloneVolume: true },
    controller: {
      createVolume: async ({ name }) => ({ volume: { volumeId: name } }),
      deleteVolume: async () => ({}),
    },
    snapshotMetadata: {
      async *getMetadataAllocated() {
        yield { volumeCapacityBytes: 4096n };
        yield { volumeCapacityBytes: 8192n };
      },
      async *getMetadataDelta() {},
    },
    groupController: {
      createVolumeGroupSnapshot: async () => ({}),
      deleteVolumeGroupSnapshot: async () => ({}),
      getVolumeGroupSnapshot: async () => ({}),
    },
    node: {
      ...publishing,
      nodeGetVolumeStats: async () => ({}),
      nodeGetInfo: async () => ({ nodeId: 'n1', maxVolumesPerNode: 3n, accessibleTopology: topology }),
    },
  };

  it.each(['path', 'abstract'] as const)(
    'is asked who it is and what it can, at an endpoint that is %s',
    async (kind) => {
      if (kind === 'abstract' && process.platform !== 'linux') return;
      const endpoint = kind === 'path' ? path : `unix-abstract:podwire-connect-${process.pid}`;
      const served = await serve(everything, endpoint);
      const plugin = await connect({}, endpoint);
      expect(plugin).toMatchObject({
        name: 'csi.example.com',
        version: '1.0.0',
        manifest: { build: '7' },
        state: 'ready',
      });
      expect(plugin.capabilities).toEqual(served.capabilities);
      expect(plugin.capabilities.services).toContain(Service.VOLUME_ACCESSIBILITY_CONSTRAINTS);
      expect(plugin.capabilities.node).toEqual([NodeRpc.GET_VOLUME_STATS]);
      expect(plugin.nodeInfo).toEqual({ nodeId: 'n1', maxVolumesPerNode: 3n, accessibleTopology: topology });
      const { volume } = await plugin.controller.createVolume({
        name: 'data',
        volumeCapabilities: [{ accessType: { $case: 'block', value: {} }, accessMode: { mode: 1 } }],
      });
      expect(volume?.volumeId).toBe('data');
      expect(await plugin.identity.probe({})).toEqual({ ready: true });
      await plugin.groupController.getVolumeGroupSnapshot({ groupSnapshotId: 'g1' });
      const sizes: bigint[] = [];
      for await (const { volumeCapacityBytes } of plugin.snapshotMetadata.getMetadataAllocated({ snapshotId: 's1' })) {
        sizes.push(volumeCapacityBytes);
      }
      expect(sizes).toEqual([4096n, 8192n]);
    },
  );

  it('need not have more than a name', async () => {
    await serve();
    const plugin = await connect();
    expect(plugin.capabilities).toEqual({
      ...{ services: [], volumeExpansion: undefined, controller: [], groupController: [], node: [] },
    });
    expect(plugin.nodeInfo).toBeUndefined();
  });

  it('may be an instance that serves no controller, though all advertise it', async () => {
    await serve({ node: publishing, capabilities: { services: [Service.CONTROLLER_SERVICE] } });
    const plugin = await connect();
    expect(plugin.nodeInfo).toBeUndefined();
    const error = await failureOf(plugin.controller.validateVolumeCapabilities({}));
    expect(error.statusMessage).toBe('the plugin csi.example.com does not serve csi.v1.Controller here');
  });

  it('is closed with await using', async () => {
    await serve();
    let plugin: ConnectedPlugin;
    {
      await using used = await connect();
      plugin = used;
    }
    expect(plugin.state).toBe('closed');
    expect(await failureOf(plugin.identity.probe({}))).toMatchObject({ code: Code.UNAVAILABLE });
    expect(await failureOf(plugin.ready())).toMatchObject({ code: Code.UNAVAILABLE });
  });
});

describe('waiting', () => {
  it('goes on until a plugin comes', async () => {
    const onProgress = vi.fn();
    const connecting = connect({ progressMs: 5, onProgress });
    await until(() => expect(onProgress.mock.calls.length).toBeGreaterThan(1));
    expect(onProgress).toHaveBeenCalledWith({
      ...{
        address: `unix://${path}`,
        waitedMs: expect.any(Number),
        reason: expect.stringContaining('there is no such file'),
      },
    });
    await serveProcess(path, 'late.example.com');
    expect((await connecting).name).toBe('late.example.com');
  });

  it('says in the log whom it waits for', async () => {
    const info = vi.fn();
    const call = connect({ logger: { ...quiet, info }, progressMs: 5, timeoutMs: 100 });
    expect(await failureOf(call)).toMatchObject({
      ...{ code: Code.DEADLINE_EXCEEDED, endpoint: `unix://${path}` },
      statusMessage: expect.stringMatching(/^the plugin was not there in time: .*there is no such file/),
    });
    expect(info).toHaveBeenCalledWith(
      expect.objectContaining({ address: `unix://${path}` }),
      expect.stringContaining(`still waiting for the plugin at unix://${path}: there was no connection`),
    );
  });

  it('ends with a signal, before the plugin is there and while it is not ready', async () => {
    const aborted = AbortSignal.abort();
    expect(await failureOf(connect({ signal: aborted }))).toMatchObject({ code: Code.CANCELLED });
    const controller = new AbortController();
    const probe = vi.fn(async () => ({ ready: false }));
    await serve({ identity: { probe } });
    const connecting = connect({ signal: controller.signal, probeIntervalMs: 100_000 });
    await until(() => expect(probe).toHaveBeenCalled());
    controller.abort();
    expect(await failureOf(connecting)).toMatchObject({ code: Code.CANCELLED });
  });

  it('goes on when the plugin goes away before it was asked', async () => {
    const first = await serveProcess(
      path,
      'csi.example.com',
      '{ identity: { probe: async () => ({ ready: false }) } }',
    );
    const onProgress = vi.fn();
    const connecting = connect({ progressMs: 20, onProgress });
    await until(() => {
      expect(onProgress).toHaveBeenCalledWith(expect.objectContaining({ reason: 'it says that it is not ready' }));
    });
    await first.end();
    await serve();
    expect((await connecting).name).toBe('csi.example.com');
  });
});

describe('the probe', () => {
  it('is repeated until the plugin is ready', async () => {
    const answers = [{ ready: false }, { ready: false }, { ready: true }];
    const probe = vi.fn(async () => answers.shift()!);
    await serve({ identity: { probe } });
    await connect();
    expect(probe).toHaveBeenCalledTimes(3);
  });

  it('is repeated when it takes too long', async () => {
    const probe = vi.fn(async () => {
      if (probe.mock.calls.length < 2) await new Promise(() => {});
      return {};
    });
    const plugin = await serve({ identity: { probe }, shutdownGraceMs: 0 });
    await connect({ callTimeoutMs: 300 });
    expect(probe.mock.calls.length).toBeGreaterThan(1);
    await plugin.server.shutdown({ graceMs: 0 });
  });

  it('takes silence about readiness for yes, and any other error for an end', async () => {
    let calls = 0;
    const probe = async () => {
      if (calls++ > 0) throw new RpcError(Code.FAILED_PRECONDITION, 'no device');
      return {};
    };
    await serve({ identity: { probe } });
    await connect();
    expect(await failureOf(connect())).toMatchObject({ code: Code.FAILED_PRECONDITION, statusMessage: 'no device' });
  });

  it('is followed by a question for the name, which is not empty', async () => {
    const server = createServer();
    open.push(() => server.shutdown());
    server.addPartial(IdentityDefinition, { probe: async () => ({}), getPluginInfo: async () => ({ name: '' }) });
    await server.listen(path);
    const error = await failureOf(connect());
    expect(error).toMatchObject({ code: Code.FAILED_PRECONDITION, endpoint: `unix://${path}` });
    expect(error.message).toContain('empty name');
  });
});

describe('a call', () => {
  it('has a deadline, if it does not say another', async () => {
    const plugin = await serve({ controller: { getCapacity: () => new Promise(() => {}) }, shutdownGraceMs: 0 });
    const { controller } = await connect({ callTimeoutMs: 200 });
    expect(await failureOf(controller.getCapacity({}))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    const cancelled = controller.getCapacity({}, { timeoutMs: 60_000, signal: AbortSignal.timeout(500) });
    // Its own timeout counted: the signal came first.
    expect((await failureOf(cancelled)).statusMessage).toContain("the caller's signal timed out");
    await plugin.server.shutdown({ graceMs: 0 });
  });
});

describe('a lost connection', () => {
  it('is replaced by one to the same plugin, and calls may wait for that', async () => {
    const first = await serveProcess(path, 'csi.example.com');
    const lost = vi.fn(() => 'reconnect' as const);
    const plugin = await connect({ onConnectionLost: lost });
    expect(await plugin.controller.getCapacity({})).toMatchObject({ availableCapacity: BigInt(first.child.pid!) });
    await first.end();
    await until(() => expect(plugin.state).toBe('reconnecting'));
    expect(lost).toHaveBeenCalledExactlyOnceWith({
      ...{ name: 'csi.example.com', address: `unix://${path}`, reason: 'it broke' },
    });
    expect(await failureOf(plugin.controller.getCapacity({}))).toMatchObject({ code: Code.UNAVAILABLE });
    expect(await failureOf(plugin.ready({ timeoutMs: 1 }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    expect(await failureOf(plugin.ready({ signal: AbortSignal.abort() }))).toMatchObject({ code: Code.CANCELLED });
    const waiting = plugin.controller.getCapacity({}, { waitForReady: true });
    const second = await serveProcess(path, 'csi.example.com');
    expect(await waiting).toMatchObject({ availableCapacity: BigInt(second.child.pid!) });
    await plugin.ready();
    expect(plugin.state).toBe('ready');
  });

  it('brings the capabilities of the plugin up to date', async () => {
    const first = await serve({ controller: { getCapacity: async () => ({}) } });
    const plugin = await connect();
    expect(plugin.capabilities.controller).toEqual([ControllerRpc.GET_CAPACITY]);
    await first.close();
    await serve({ controller: { listVolumes: async () => ({}) } });
    await plugin.ready();
    expect(plugin.capabilities.controller).toEqual([ControllerRpc.LIST_VOLUMES]);
    await plugin.controller.listVolumes({});
    expect(await failureOf(plugin.controller.getCapacity({}))).toMatchObject({ code: Code.UNIMPLEMENTED });
  });

  it('lets calls end, where the plugin shuts down in order', async () => {
    let answer = () => {};
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const running = vi.fn();
    const getCapacity = async () => {
      running();
      await answered;
      return { availableCapacity: 5n };
    };
    const served = await serve({ controller: { getCapacity } });
    const onConnectionLost = vi.fn(() => 'reconnect' as const);
    const plugin = await connect({ onConnectionLost });
    const call = plugin.controller.getCapacity({});
    await until(() => expect(running).toHaveBeenCalled());
    const closed = served.close();
    await until(() => expect(plugin.state).toBe('reconnecting'));
    expect(onConnectionLost).toHaveBeenCalledWith(
      expect.objectContaining({ reason: 'the plugin takes no more calls on it' }),
    );
    answer();
    expect(await call).toMatchObject({ availableCapacity: 5n });
    await closed;
  });

  it('ends it when another driver has taken the socket, to which no call goes', async () => {
    const first = await serveProcess(path, 'csi.example.com');
    const onFailed = vi.fn();
    const plugin = await connect({ onFailed });
    await first.end();
    await until(() => expect(plugin.state).toBe('reconnecting'));
    const getCapacity = vi.fn(async () => ({}));
    const waiting = failureOf(plugin.controller.getCapacity({}, { waitForReady: true }));
    await serve({ name: 'other.example.com', controller: { getCapacity } });
    const why = {
      code: Code.FAILED_PRECONDITION,
      statusMessage: expect.stringMatching(/"other.example.com" now, it was "csi.example.com" before/),
    };
    await until(() => expect(onFailed).toHaveBeenCalledExactlyOnceWith(expect.objectContaining(why)));
    expect(await waiting).toMatchObject(why);
    expect(plugin.state).toBe('failed');
    expect(await failureOf(plugin.controller.getCapacity({}))).toMatchObject({
      ...{ ...why, method: 'csi.v1.Controller/GetCapacity', endpoint: `unix://${path}` },
    });
    expect(getCapacity).not.toHaveBeenCalled();
  });

  it('ends the calls that are open, without a word about channels', async () => {
    const first = await serveProcess(
      path,
      'csi.example.com',
      '{ controller: { getCapacity: () => new Promise(() => { console.log("running"); }) } }',
    );
    const running = once(first.child.stdout!, 'data');
    const plugin = await connect();
    const call = failureOf(plugin.controller.getCapacity({}));
    await running;
    await first.end();
    expect(await call).toMatchObject({
      ...{ code: Code.UNAVAILABLE, method: 'csi.v1.Controller/GetCapacity', endpoint: `unix://${path}` },
      statusMessage: expect.stringContaining('the connection to the plugin csi.example.com was lost, it broke: '),
    });
  });

  it('is replaced, however often the next plugin hangs before it says who it is', async () => {
    const served = await serve();
    const plugin = await connect({ callTimeoutMs: 200 });
    await served.close();
    const getPluginInfo = vi.fn(async () => {
      if (getPluginInfo.mock.calls.length < 3) await new Promise(() => {});
      return { name: 'csi.example.com', vendorVersion: '2.0.0' };
    });
    const server = createServer();
    open.push(() => server.shutdown({ graceMs: 0 }));
    server.addPartial(IdentityDefinition, {
      probe: async () => ({}),
      getPluginCapabilities: async () => ({}),
      getPluginInfo,
    });
    await server.listen(path);
    await plugin.ready();
    expect(plugin.version).toBe('2.0.0');
    expect(getPluginInfo.mock.calls.length).toBeGreaterThan(2);
  });

  it('is the end, when whoever hears of it says so', async () => {
    const served = await serve();
    const plugin = await connect({ onConnectionLost: () => 'fail' });
    await served.close();
    await until(() => expect(plugin.state).toBe('failed'));
  });

  it('may be the end', async () => {
    const served = await serve();
    const plugin = await connect({ onConnectionLost: 'fail' });
    await served.close();
    await until(() => expect(plugin.state).toBe('failed'));
    await serve();
    expect(await failureOf(plugin.identity.probe({}))).toMatchObject({
      ...{ code: Code.UNAVAILABLE, statusMessage: expect.stringContaining('was lost') },
    });
  });

  it('may end the process, which says why', async () => {
    const first = await serveProcess(path, 'csi.example.com', capacityOfProcess);
    const log = join(folder, 'termination-log');
    writeFileSync(log, 'something that was there, and is longer than what comes'.repeat(9));
    const source = fileURLToPath(new URL('../../../src/csi/index.ts', import.meta.url));
    const program = `
      import { connectPlugin } from ${JSON.stringify(source)};
      const logger = { info() {}, warn() {}, error() {} };
      const options = { onConnectionLost: 'exit', logger, terminationLog: ${JSON.stringify(log)} };
      const plugin = await connectPlugin(${JSON.stringify(path)}, options);
      console.log(plugin.name);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type', 'module', '--eval', program]);
    open.push(async () => child.kill('SIGKILL'));
    const exit = once(child, 'exit');
    const errors = text(child.stderr);
    await once(child.stdout, 'data');
    await first.end();
    expect(await exit).toEqual([1, null]);
    const message = `lost the connection to the plugin csi.example.com at unix://${path} (it broke): exiting`;
    expect(await errors).toBe(`podwire: ${message}\n`);
    expect(readFileSync(log, 'utf8')).toBe(message);
  });

  it('is nothing that is waited for after close', async () => {
    const served = await serve();
    const plugin = await connect();
    await served.close();
    await until(() => expect(plugin.state).toBe('reconnecting'));
    const waiting = failureOf(plugin.ready());
    await plugin.close();
    expect(await waiting).toMatchObject({ code: Code.UNAVAILABLE, statusMessage: 'the plugin was closed' });
    expect(plugin.state).toBe('closed');
  });
});

describe('options', () => {
  it('that do not fit are refused', async () => {
    await expect(connectPlugin(path, { timeoutMs: -1 })).rejects.toThrow(RangeError);
    await expect(connectPlugin(path, { callTimeoutMs: 0 })).rejects.toThrow(RangeError);
    await expect(connectPlugin(path, { onConnectionLost: 'retry' as never })).rejects.toThrow(TypeError);
    await expect(connectPlugin(path, { signal: {} as never })).rejects.toThrow(TypeError);
    for (const [options, message] of [
      [{ timeout: 5 }, 'connectPlugin has no option "timeout"; write timeoutMs'],
      [{ timeoutMs: '5' }, 'timeoutMs is 5; it must be a number'],
      [{ onFailed: 'exit' }, 'onFailed must be a function'],
      [{ logger: console.log }, 'logger must have the functions info, warn and error'],
      [{ terminationLog: true }, 'terminationLog is the path of a file, or false'],
      [{ checkRequests: 'no' }, 'checkRequests is true or false'],
    ] as const) {
      await expect(connectPlugin(path, options as never)).rejects.toThrow(message);
    }
  });
});

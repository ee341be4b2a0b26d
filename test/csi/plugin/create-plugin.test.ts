import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ControllerDefinition,
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  IdentityDefinition,
  NodeDefinition,
  NodeServiceCapability_RPC_Type as NodeRpc,
} from '../../../gen/csi/v1/csi.js';
import { HealthDefinition } from '../../../gen/grpc/health/v1/health.js';
import { createPlugin, type PluginOptions } from '../../../src/csi/plugin/create-plugin.js';
import { Code, createChannel, createClient, type ServerInterceptor } from '../../../src/index.js';
import { addHealth } from '../../../src/services/health/index.js';
import { createInProcessChannel } from '../../../src/testing/index.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-csi-'));
  path = join(folder, 'csi.sock');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const basics = { name: 'csi.example.com', version: '1.0.0', shutdownOn: false } as const;

function start(options: Partial<PluginOptions>) {
  const plugin = createPlugin({ ...basics, ...options });
  const channel = createInProcessChannel(plugin.server);
  return {
    plugin,
    identity: createClient(IdentityDefinition, channel),
    controller: createClient(ControllerDefinition, channel),
    node: createClient(NodeDefinition, channel),
  };
}

describe('the errors of a plugin', () => {
  const failing = {
    controller: {
      listVolumes: async () => {
        throw new Error('cannot read /var/lib/hush');
      },
    },
  };
  const answered = { code: Code.INTERNAL, statusMessage: expect.not.stringContaining('hush') };

  it('are in the log with their stack', async () => {
    const lines = new PassThrough();
    const { controller } = start({ ...failing, logger: pino(lines) });
    await expect(controller.listVolumes({})).rejects.toMatchObject(answered);
    const line = JSON.parse(String(lines.read()));
    expect(line).toMatchObject({
      ...{ level: 50, method: 'csi.v1.Controller/ListVolumes' },
      ...{ msg: 'the handler of csi.v1.Controller/ListVolumes failed' },
      err: { message: 'cannot read /var/lib/hush', stack: expect.stringContaining('create-plugin.test.ts') },
    });
  });

  it('are given to whoever wants them', async () => {
    const onHandlerError = vi.fn();
    const { controller } = start({ ...failing, onHandlerError });
    await expect(controller.listVolumes({})).rejects.toMatchObject(answered);
    expect(onHandlerError).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ message: 'cannot read /var/lib/hush' }),
      expect.objectContaining({ name: 'ListVolumes' }),
    );
  });

  it('are on standard error, if nobody does', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {});
    try {
      const { controller } = start(failing);
      await expect(controller.listVolumes({})).rejects.toMatchObject(answered);
      expect(print.mock.calls.join()).toMatch(/ListVolumes failed: Error: cannot read \/var\/lib\/hush\n.*at /s);
    } finally {
      print.mockRestore();
    }
  });

  it('are those of interceptors, too, which see every call of a service', async () => {
    const seen: string[] = [];
    const interceptor: ServerInterceptor = (next) => async (request) => {
      seen.push(request.method.name);
      if (request.method.name === 'GetCapacity') throw new Error('hush');
      return next(request);
    };
    const onHandlerError = vi.fn();
    const { controller, identity } = start({ controller: {}, interceptors: [interceptor], onHandlerError });
    await expect(controller.getCapacity({})).rejects.toMatchObject(answered);
    await expect(controller.deleteVolume({})).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
    await identity.probe({});
    expect(seen).toEqual(['GetCapacity', 'DeleteVolume', 'Probe']);
    expect(onHandlerError).toHaveBeenCalledOnce();
  });
});

describe('an interceptor', () => {
  it('sees the errors of handlers as the caller does, and why', async () => {
    const seen = vi.fn();
    const observe: ServerInterceptor = (next) => async (request) => {
      try {
        return await next(request);
      } catch (error) {
        seen(error);
        throw error;
      }
    };
    const cause = new Error('hush');
    const onHandlerError = vi.fn();
    const listVolumes = () => Promise.reject(cause);
    const { controller } = start({ controller: { listVolumes }, interceptors: [observe], onHandlerError });
    await expect(controller.listVolumes({})).rejects.toMatchObject({ code: Code.INTERNAL });
    expect(seen).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: Code.INTERNAL, cause }));
    expect(onHandlerError).toHaveBeenCalledOnce();
  });
});

describe('the version of a plugin', () => {
  const options: Partial<PluginOptions> = {
    controller: {
      getCapacity: async () => ({}),
      controllerListVolumeHealth: async () => ({}),
      controllerGetVolumeHealth: async () => ({}),
    },
    node: { nodeGetStorageHealth: async () => ({}) },
  };

  it('1.13 is the default', async () => {
    const { plugin, node, controller } = start(options);
    expect(plugin.capabilities).toMatchObject({
      controller: [ControllerRpc.GET_CAPACITY, ControllerRpc.GET_VOLUME_HEALTH, ControllerRpc.LIST_VOLUME_HEALTH],
      node: [NodeRpc.GET_STORAGE_HEALTH],
    });
    await controller.controllerListVolumeHealth({});
    await node.nodeGetStorageHealth({});
  });

  it('1.12 has neither the capabilities nor the calls of 1.13', async () => {
    const { plugin, node, controller } = start({ ...options, specVersion: '1.12' });
    expect(plugin.capabilities).toMatchObject({ controller: [ControllerRpc.GET_CAPACITY], node: [] });
    expect((await node.nodeGetCapabilities({})).capabilities).toEqual([]);
    await expect(controller.controllerListVolumeHealth({})).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
    await expect(node.nodeGetStorageHealth({})).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
  });

  it('is one of the two', () => {
    expect(() => start({ specVersion: '1.11' as never })).toThrow(/'1.12' or '1.13'/);
  });
});

describe('what a plugin is given', () => {
  it('may be wrong, and then leaves nothing behind', () => {
    const listeners = process.listenerCount('SIGTERM');
    const bad: Partial<PluginOptions>[] = [{ name: 'no_name' }, { controller: { createVolume: async () => ({}) } }];
    for (const options of bad) {
      expect(() => createPlugin({ ...basics, ...options, shutdownOn: true })).toThrow(TypeError);
    }
    expect(process.listenerCount('SIGTERM')).toBe(listeners);
  });

  it('decides whether publishing needs staging', async () => {
    const publishing = { nodePublishVolume: async () => ({}), nodeUnpublishVolume: async () => ({}) };
    const staging = { nodeStageVolume: async () => ({}), nodeUnstageVolume: async () => ({}) };
    const request = {
      volumeId: 'v1',
      targetPath: '/target',
      volumeCapability: { accessType: { $case: 'block', value: {} }, accessMode: { mode: 1 } },
    } as const;
    await start({ node: publishing }).node.nodePublishVolume(request);
    await expect(start({ node: { ...publishing, ...staging } }).node.nodePublishVolume(request)).rejects.toMatchObject({
      code: Code.FAILED_PRECONDITION,
    });
  });

  it('may ask for larger maps', async () => {
    const controller = { deleteVolume: async () => ({}), createVolume: async () => ({}) };
    const request = { volumeId: 'v1', secrets: { certificate: 'x'.repeat(5000) } };
    await expect(start({ controller }).controller.deleteVolume(request)).rejects.toMatchObject({
      code: Code.INVALID_ARGUMENT,
    });
    await start({ controller, maxMapBytes: 10_000 }).controller.deleteVolume(request);
  });
});

describe('listening', () => {
  it('is at CSI_ENDPOINT, in any spelling, and leaves nothing beside or behind', async () => {
    vi.stubEnv('CSI_ENDPOINT', `unix://${path}`);
    const plugin = createPlugin(basics);
    const health = addHealth(plugin.server);
    const listener = await plugin.listen();
    expect(listener.address).toBe(`unix://${path}`);
    const channel = createChannel(path);
    try {
      expect(await createClient(IdentityDefinition, channel).probe({})).toEqual({ ready: true });
      expect(await createClient(HealthDefinition, channel).check({})).toMatchObject({ status: 1 });
    } finally {
      await channel.close();
      await plugin.close();
    }
    expect(health.get('')).toBe('NOT_SERVING');
    expect(existsSync(path)).toBe(false);
  });

  it('goes on when the socket file goes away', async () => {
    const plugin = createPlugin(basics);
    const relistened = vi.fn();
    await plugin.listen(path, { onRelisten: relistened });
    rmSync(path);
    await expect.poll(() => relistened.mock.calls.length, { timeout: 10_000 }).toBe(1);
    const channel = createChannel(path);
    try {
      await createClient(IdentityDefinition, channel).probe({});
    } finally {
      await channel.close();
      await plugin[Symbol.asyncDispose]();
    }
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends with %s, after the calls that run', async (signal) => {
    const program = `
      import { createPlugin } from ${JSON.stringify(fileURLToPath(new URL('../../../src/csi/index.ts', import.meta.url)))};
      const plugin = createPlugin({
        name: 'csi.example.com', version: '1.0.0',
        controller: {
          async getCapacity(request, { stopping }) {
            console.log('running');
            await new Promise((resolve) => stopping.addEventListener('abort', resolve));
            return { availableCapacity: 5n };
          },
        },
      });
      await plugin.listen();
      console.log('listening');`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type', 'module', '--eval', program], {
      env: { ...process.env, CSI_ENDPOINT: path },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = new Promise((resolve) => child.on('exit', (...how) => resolve(how)));
    const channel = createChannel(path, { waitForReady: true });
    try {
      let output = '';
      child.stdout.on('data', (text) => (output += text));
      await expect.poll(() => output, { timeout: 15_000 }).toContain('listening');
      const answer = createClient(ControllerDefinition, channel).getCapacity({});
      await expect.poll(() => output, { timeout: 15_000 }).toContain('running');
      child.kill(signal);
      expect(await answer).toMatchObject({ availableCapacity: 5n });
      expect(await exit).toEqual([0, null]);
      expect(existsSync(path)).toBe(false);
    } finally {
      child.kill('SIGKILL');
      await channel.close();
    }
  });
});

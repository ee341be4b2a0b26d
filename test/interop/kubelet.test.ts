import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ControllerDefinition } from '../../gen/csi/v1/csi.js';
import { createPlugin, type Plugin, type Registration, registerPlugin } from '../../src/csi/index.js';
import { createChannel, createClient } from '../../src/index.js';
import { buildPeer, type PeerProgram } from './build-peers.js';
import { JsonLineProcess } from './json-line-process.js';

const name = 'csi.example.com';
/** The kubelet looks once a second in some of its loops. */
const patience = { timeout: 20_000, interval: 20 };

describe("a kubelet's plugin manager", () => {
  let program: PeerProgram;
  let folder: string;
  let registryFolder: string;
  let endpoint: string;
  let plugin: Plugin;
  let registration: Registration;
  let creating: number;

  beforeAll(async () => {
    program = await buildPeer('kubelet');
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podwire-kubelet-'));
    registryFolder = join(folder, 'plugins_registry');
    endpoint = join(folder, 'csi.sock');
    await mkdir(registryFolder);
    creating = 0;
    plugin = createPlugin({
      ...{ name, version: '1.0.0', shutdownOn: false, shutdownGraceMs: 0 },
      controller: {
        createVolume: () => {
          creating++;
          return new Promise(() => {});
        },
        deleteVolume: async () => ({}),
      },
      node: {
        nodeGetInfo: async () => ({ nodeId: 'node-1' }),
        nodePublishVolume: async () => ({}),
        nodeUnpublishVolume: async () => ({}),
      },
    });
    await plugin.listen(`unix://${endpoint}`);
    registration = await registerPlugin({ name, endpoint, registryFolder });
  });

  afterEach(async () => {
    await registration.close();
    await plugin.close();
    await rm(folder, { recursive: true });
  });

  async function startKubelet(...args: string[]): Promise<JsonLineProcess> {
    const kubelet = new JsonLineProcess(program, ['--plugins-registry', registryFolder, ...args]);
    await kubelet.line({ step: 'watching' });
    return kubelet;
  }

  const registeredTimes = (times: number) =>
    vi.waitFor(() => {
      expect(registration.registrations).toBe(times);
      expect(registration.state).toBe('registered');
    }, patience);

  it('registers a podwire plugin, calls it, and forgets it when it closes its registration', async () => {
    await using kubelet = await startKubelet();
    await registeredTimes(1);
    expect(await kubelet.line({ step: 'asked' })).toEqual({ step: 'asked', name, endpoint, versions: ['1.0.0'] });
    expect(await kubelet.line({ step: 'registered' })).toEqual({ step: 'registered', name, nodeId: 'node-1' });
    await registration.close();
    await kubelet.line({ step: 'forgotten', name });
  });

  it('gets its answer in time while a hundred volumes are being created', async () => {
    const channel = createChannel(`unix://${endpoint}`);
    try {
      const controller = createClient(ControllerDefinition, channel);
      const capability = { accessType: { $case: 'mount', value: {} }, accessMode: { mode: 1 } } as const;
      for (let index = 0; index < 100; index++) {
        void controller.createVolume({ name: `${index}`, volumeCapabilities: [capability] }).catch(() => {});
      }
      await vi.waitFor(() => expect(creating).toBe(100), patience);
      await using kubelet = await startKubelet();
      await registeredTimes(1);
      expect(kubelet.lines.filter(({ step }) => step === 'asked')).toHaveLength(1);
    } finally {
      await channel.close();
    }
  });

  it('tells why it refuses', async () => {
    await using kubelet = await startKubelet('--refuse', 'this node is full');
    await vi.waitFor(() => {
      expect(registration.state).toBe('failed');
      expect(`${registration.error}`).toContain('this node is full');
    }, patience);
    expect(kubelet.lines.some(({ step }) => step === 'registered')).toBe(false);
  });

  it('registers it again after it was started anew', async () => {
    {
      await using first = await startKubelet();
      await registeredTimes(1);
      expect(await first.stop()).toBe(0);
    }
    await using second = await startKubelet();
    await registeredTimes(2);
    await second.line({ step: 'registered', name });
  });

  it('registers it again after somebody has removed the socket', async () => {
    await using kubelet = await startKubelet();
    await registeredTimes(1);
    await kubelet.line({ step: 'registered' });
    const before = kubelet.lines.length;
    await rm(registration.socketPath);
    await registeredTimes(2);
    await kubelet.line({ step: 'registered', name }, before);
  });
});

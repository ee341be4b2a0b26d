import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ControllerDefinition } from '../../../gen/csi/v1/csi.js';
import { RegistrationDefinition } from '../../../gen/pluginregistration/v1/pluginregistration.js';
import { createHostPathPlugin } from '../../../src/csi/hostpath/index.js';
import { createPlugin } from '../../../src/csi/plugin/create-plugin.js';
import {
  type RegisterPluginOptions,
  type Registration,
  type RegistrationState,
  registerPlugin,
} from '../../../src/csi/registration/register-plugin.js';
import { createChannel, createClient, createServer } from '../../../src/index.js';
import { Kubelet } from './kubelet.js';

const name = 'csi.example.com';
const endpoint = '/var/lib/kubelet/plugins/csi.example.com/csi.sock';

let folder: string;
let kubelet: Kubelet;
let registration: Registration | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-registry-'));
  kubelet = new Kubelet(folder);
});

afterEach(async () => {
  kubelet.stop();
  await registration?.close();
  registration = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function register(options: Partial<RegisterPluginOptions> = {}): Promise<Registration> {
  registration = await registerPlugin({ name, endpoint, registryFolder: folder, ...options });
  return registration;
}

const file = `${name}-reg.sock`;

describe('a registration', () => {
  it('tells the kubelet of the plugin, and learns that it worked', async () => {
    const states: RegistrationState[] = [];
    kubelet.start();
    const { socketPath } = await register({ onState: ({ state }) => states.push(state) });
    expect(socketPath).toBe(join(folder, file));
    await expect.poll(() => registration!.state).toBe('registered');
    expect(kubelet.plugins.get(file)).toEqual({ type: 'CSIPlugin', name, endpoint, supportedVersions: ['1.0.0'] });
    expect(registration!.registrations).toBe(1);
    expect(states).toEqual(['registered']);
  });

  it('waits for a kubelet that comes later', async () => {
    const { state } = await register({ versions: ['1.0.0', '1.13.0'] });
    expect(state).toBe('waiting');
    kubelet.start();
    await expect.poll(() => registration!.state).toBe('registered');
    expect(kubelet.plugins.get(file)?.supportedVersions).toEqual(['1.0.0', '1.13.0']);
  });

  it('leaves one file in the folder, for its owner alone', async () => {
    const { socketPath } = await register();
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual([file]);
  });

  it('answers in time while 100 volume operations are in flight', async () => {
    let running = 0;
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const createVolume = async ({ name: volumeId }: { name: string }) => {
      running++;
      await finished;
      return { volume: { volumeId } };
    };
    const controllerHandlers = { createVolume, deleteVolume: async () => ({}) };
    await using plugin = createPlugin({ name, version: '1.0.0', shutdownOn: false, controller: controllerHandlers });
    // Beside the folder of the registry, as a plugin has it.
    const { address } = await plugin.listen(join(mkdtempSync(join(folder, '.plugin-')), 'csi.sock'));
    await using channel = createChannel(address);
    const controller = createClient(ControllerDefinition, channel);
    const volumeCapabilities = [
      { accessType: { $case: 'mount' as const, value: {} }, accessMode: { mode: 1 as const } },
    ];
    const volumes = Array.from({ length: 100 }, (_, index) =>
      controller.createVolume({ name: `v${index}`, volumeCapabilities }),
    );
    await expect.poll(() => running).toBe(100);
    kubelet.start();
    await register();
    await expect.poll(() => registration!.state).toBe('registered');
    finish();
    expect(await Promise.all(volumes)).toHaveLength(100);
  });

  it('answers in time while 100 workers make volumes on the disk', async () => {
    await using state = await createHostPathPlugin({
      ...{ stateFolder: join(folder, '.state'), nodeId: 'node-1', mounts: 'links', shutdownOn: false },
    });
    const { address } = await state.plugin.listen(join(mkdtempSync(join(folder, '.plugin-')), 'csi.sock'));
    await using channel = createChannel(address);
    const controller = createClient(ControllerDefinition, channel);
    const volumeCapabilities = [
      { accessType: { $case: 'mount' as const, value: {} }, accessMode: { mode: 1 as const } },
    ];
    let working = true;
    let made = 0;
    const work = async (_: unknown, worker: number): Promise<void> => {
      for (let number = 0; working; number++) {
        const { volume } = await controller.createVolume({ name: `${worker} ${number}`, volumeCapabilities });
        await controller.deleteVolume({ volumeId: volume!.volumeId });
        made++;
      }
    };
    const workers = Promise.all(Array.from({ length: 100 }, work));
    try {
      const { socketPath } = await register();
      kubelet.start();
      await expect.poll(() => registration!.state).toBe('registered');
      // And again and again: with the deadline that the kubelet has.
      await using registrar = createChannel(socketPath);
      const client = createClient(RegistrationDefinition, registrar);
      for (let asked = 0; asked < 20 || made < 100; asked++) await client.getInfo({}, { timeoutMs: 1_000 });
    } finally {
      working = false;
      await workers;
    }
  });

  it('replaces the socket that an earlier process left', async () => {
    const path = join(folder, file);
    const gone = createServer();
    await gone.listen(join(folder, 'gone.sock'));
    linkSync(join(folder, 'gone.sock'), path);
    await gone.shutdown();
    expect(existsSync(path)).toBe(true);
    kubelet.start();
    await register();
    await expect.poll(() => registration!.state).toBe('registered');
  });

  it('does not take the socket of a process that lives', async () => {
    await register();
    await expect(registerPlugin({ name, endpoint, registryFolder: folder })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    kubelet.start();
    await expect.poll(() => registration!.state).toBe('registered');
  });

  it('takes a folder that is relative to where the process is', async () => {
    const { socketPath } = await register({ registryFolder: relative(process.cwd(), folder) });
    expect(socketPath).toBe(join(folder, file));
    expect(readdirSync(folder)).toEqual([file]);
  });

  it('needs the folder', async () => {
    await expect(register({ registryFolder: join(folder, 'nowhere') })).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringContaining('nowhere does not exist; mount there the one that the kubelet watches'),
    });
  });

  it('refuses options that cannot be', async () => {
    await expect(register({ name: '../x' })).rejects.toThrow("the driver's name is");
    await expect(register({ endpoint: 'unix:///csi.sock' })).rejects.toThrow('it must be the absolute path');
    await expect(register({ versions: [] })).rejects.toThrow('versions must name one');
    await expect(register({ onFailed: 'ignore' as never })).rejects.toThrow("onFailed is 'exit', 'retry'");
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('when the kubelet starts again', () => {
  it('and finds the socket, it registers the plugin once more', async () => {
    kubelet.start();
    await register();
    await expect.poll(() => registration!.registrations).toBe(1);
    kubelet.stop();
    kubelet.start();
    await expect.poll(() => registration!.registrations).toBe(2);
    expect(kubelet.plugins.has(file)).toBe(true);
  });

  it('and has emptied the folder, the socket comes back', async () => {
    const states: RegistrationState[] = [];
    kubelet.start();
    await register({ onState: ({ state }) => states.push(state) });
    await expect.poll(() => registration!.registrations).toBe(1);
    kubelet.stop();
    rmSync(join(folder, file));
    kubelet.start();
    await expect.poll(() => registration!.registrations).toBe(2);
    // Not as a failure that is tried again.
    expect(states).toEqual(['registered', 'waiting', 'registered']);
    expect(kubelet.plugins.has(file)).toBe(true);
  });

  it('and has made the folder anew, the socket comes back', async () => {
    kubelet.start();
    await register();
    await expect.poll(() => registration!.registrations).toBe(1);
    kubelet.stop();
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    await expect.poll(() => existsSync(join(folder, file)), { timeout: 10_000 }).toBe(true);
    kubelet.start();
    await expect.poll(() => registration!.registrations).toBe(2);
  });
});

describe('a registration that failed', () => {
  it('is told to whoever wants to know, after the kubelet had its answer', async () => {
    kubelet.refusal = 'the name is taken';
    kubelet.start();
    const failed = new Promise<Error>((onFailed) => {
      void register({ onFailed });
    });
    expect((await failed).message).toBe(`the kubelet did not register ${name}: the name is taken`);
    expect(registration).toMatchObject({ state: 'failed', error: await failed, registrations: 0 });
  });

  it('is tried again, and says so', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      kubelet.refusal = 'not now';
      kubelet.start();
      await register();
      await expect.poll(() => registration!.state).toBe('failed');
      expect(warn).toHaveBeenCalledWith(`the kubelet did not register ${name}: not now; trying again`);
      kubelet.refusal = undefined;
      await expect.poll(() => registration!.state, { timeout: 10_000 }).toBe('registered');
      expect(registration!.error).toBeUndefined();
      expect(kubelet.dialed).toEqual([file, file]);
    } finally {
      warn.mockRestore();
    }
  });

  it('ends the process, when that is wanted, and takes the socket away', async () => {
    kubelet.refusal = 'the name is taken';
    kubelet.start();
    const module = new URL('../../../src/csi/registration/register-plugin.ts', import.meta.url);
    const options = { name, endpoint, registryFolder: folder, onFailed: 'exit' };
    const program = `
      const { registerPlugin } = await import(${JSON.stringify(module)});
      await registerPlugin(${JSON.stringify(options)});`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type', 'module', '--eval', program], {
      cwd: fileURLToPath(new URL('../../..', import.meta.url)),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let printed = '';
    child.stderr.on('data', (chunk) => {
      printed += chunk;
    });
    const [code] = await once(child, 'close');
    expect(printed).toContain(`the kubelet did not register ${name}: the name is taken; exiting`);
    expect(code).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('for another server has taken the socket is one, too', async () => {
    const failed = new Promise<Error>((onFailed) => {
      void register({ onFailed });
    });
    await expect.poll(() => existsSync(join(folder, file))).toBe(true);
    rmSync(join(folder, file));
    // Replaced by a file that is not a socket, which is nobody's to remove.
    writeFileSync(join(folder, file), '');
    expect((await failed).message).toContain('ERR_PODWIRE_LOST');
    expect(registration!.state).toBe('failed');
  });
});

describe('a registration that is closed', () => {
  it('has taken its socket away, by which the kubelet forgets the plugin', async () => {
    kubelet.start();
    await register();
    await expect.poll(() => kubelet.plugins.has(file)).toBe(true);
    await registration!.close();
    await registration!.close();
    expect(readdirSync(folder)).toEqual([]);
    expect(registration!.state).toBe('closed');
    await expect.poll(() => kubelet.plugins.has(file)).toBe(false);
  });

  it('was told so by the plugin that stops', async () => {
    const plugin = createPlugin({ name, version: '1.0.0', shutdownOn: false });
    await register({ signal: plugin.server.stopping });
    await plugin.close();
    await expect.poll(() => registration!.state).toBe('closed');
    await expect.poll(() => readdirSync(folder)).toEqual([]);
    const late = await registerPlugin({ name, endpoint, registryFolder: folder, signal: plugin.server.stopping });
    expect(late.state).toBe('closed');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('stays so, whatever a kubelet still says', async () => {
    const { socketPath } = await register();
    await using channel = createChannel(socketPath);
    await channel.ready();
    const status = { pluginRegistered: true };
    const notified = createClient(RegistrationDefinition, channel).notifyRegistrationStatus(status);
    const closed = registration!.close();
    expect(registration!.state).toBe('closed');
    await notified;
    await closed;
    expect(registration!.state).toBe('closed');
  });

  it.each([
    [{ registryFoldr: '/x' }, 'registerPlugin has no option "registryFoldr"; write registryFolder'],
    [{ registryFolder: '' }, 'registryFolder is ""; it must be the path of a folder'],
    [{ versions: '1.0.0' }, 'versions must be a list of texts'],
    [{ onState: true }, 'onState must be a function'],
    [{ signal: {} }, 'signal must be an AbortSignal'],
  ])('refuses %j', async (options, message) => {
    const valid = { name: 'csi.example.com', endpoint: '/csi.sock', registryFolder: '/nowhere' };
    await expect(registerPlugin({ ...valid, ...options } as never)).rejects.toThrow(message);
  });

  it('does not come back by a try that was due', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      kubelet.refusal = 'not now';
      kubelet.start();
      await register();
      await expect.poll(() => registration!.state).toBe('failed');
      await registration!.close();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      expect(kubelet.dialed).toHaveLength(1);
      expect(registration!.state).toBe('closed');
    } finally {
      warn.mockRestore();
    }
  });
});

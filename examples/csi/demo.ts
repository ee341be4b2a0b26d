import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
// Outside this repository: from 'podwire'.
import { parseEndpoint, printEndpoint } from '../../src/index.js';
import { leadVolumes } from './lead-volumes.js';
import { PluginProcess } from './plugin-process.js';

const usage = `Starts a CSI plugin as a second process, leads volumes through their life over a Unix socket, and kills the plugin midway.

  npm run demo [-- --endpoint ENDPOINT]

  --endpoint  where the plugin listens; default: an abstract name of this run's own

Examples
  npm run demo
  npm run demo -- --endpoint unix-abstract:my-csi
  npm run demo -- --endpoint unix:///tmp/csi.sock`;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // Again and again: a second Ctrl-C must not end this process before it has cleaned up.
  process.on(signal, () => interrupted.abort(signal));
}

try {
  const { values } = parseArgs({
    options: {
      endpoint: { type: 'string', default: `unix-abstract:podwire-demo-${randomBytes(6).toString('hex')}` },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) console.log(usage);
  else await demo(values.endpoint);
} catch (error) {
  const { aborted, reason } = interrupted.signal;
  console.error(aborted ? `demo stopped by ${reason}` : `demo failed: ${(error as Error).message}`);
  process.exitCode = aborted ? 128 + constants.signals[reason as NodeJS.Signals] : 1;
}

async function demo(text: string): Promise<void> {
  const start = performance.now();
  const endpoint = parseEndpoint(text);
  if (endpoint.kind === 'path' && !existsSync(dirname(endpoint.path))) {
    throw new Error(
      `the folder ${dirname(endpoint.path)} does not exist; make it first: mkdir -p ${dirname(endpoint.path)}`,
    );
  }
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'podwire-demo-')));
  try {
    const steps = await withPlugin(printEndpoint(endpoint), folder);
    if (endpoint.kind === 'path' && existsSync(endpoint.path))
      throw new Error(`the plugin left ${endpoint.path} behind`);
    console.log(
      `demo ok: ${steps} steps in ${Math.round(performance.now() - start)} ms over ${printEndpoint(endpoint)}`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Gives the number of steps. */
async function withPlugin(endpoint: string, folder: string): Promise<number> {
  const start = performance.now();
  const pluginFolder = join(folder, 'plugin');
  const args = ['--endpoint', endpoint, '--state', pluginFolder];
  let plugin = new PluginProcess(args);
  /** Rejects when a plugin ends that nobody wanted to end. */
  let fail: (error: unknown) => void = () => {};
  const unexpectedEnd = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const watch = (watched: PluginProcess) =>
    watched.unexpectedEnd().catch((error: unknown) => {
      if (watched === plugin) fail(error);
    });
  unexpectedEnd.catch(() => {});
  let steps = 0;
  const onStep = (title: string, outcome: string, elapsedMs: number): void => {
    steps++;
    console.log(`${elapsedMs.toFixed(1).padStart(8)} ms  ${title}: ${outcome}`);
  };
  const killPlugin = async (): Promise<string> => {
    const victim = plugin;
    const killed = victim.kill();
    // Whose end nobody has to be told.
    plugin = new PluginProcess(args);
    await killed;
    return `process ${victim.pid} got SIGKILL`;
  };
  const restartPlugin = async (): Promise<string> => {
    await plugin.listening();
    void watch(plugin);
    return `process ${plugin.pid} listens on ${endpoint}`;
  };
  const { signal } = interrupted;
  let leading: Promise<void> | undefined;
  const stopped = new AbortController();
  try {
    // Not before the address is known to be the plugin's own: another plugin may listen there, and its volumes are no toys.
    await Promise.race([plugin.listening(), interruption()]);
    onStep('start the plugin', `process ${plugin.pid} listens on ${endpoint}`, performance.now() - start);
    void watch(plugin);
    const both = AbortSignal.any([signal, stopped.signal]);
    leading = leadVolumes({ endpoint, folder, pluginFolder, killPlugin, restartPlugin, onStep, signal: both });
    await Promise.race([leading, unexpectedEnd, interruption()]);
    const stopping = performance.now();
    const last = plugin;
    await last.stop();
    onStep('stop the plugin', 'it ended in order', performance.now() - stopping);
  } catch (error) {
    stopped.abort(error);
    await leading?.catch(() => {});
    // The first error is the one to tell.
    await plugin.stop().catch(() => {});
    throw error;
  }
  return steps;
}

/** Rejects at the first signal. */
async function interruption(): Promise<never> {
  const { signal } = interrupted;
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}

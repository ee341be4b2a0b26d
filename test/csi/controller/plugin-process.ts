import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const modules = fileURLToPath(new URL('../../../src/csi/index.ts', import.meta.url));

/** A plugin in a process of its own, which can be killed. */
export interface PluginProcess {
  readonly child: ChildProcess;
  /** Kills it with SIGKILL, or another signal, and waits until it is gone. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Starts a plugin, and waits until it listens.
 *
 * @param options of `createPlugin` as text, for they have functions.
 */
export async function startPluginProcess(
  endpoint: string,
  name: string,
  options = '{ controller: { getCapacity: async () => ({ availableCapacity: BigInt(process.pid) }) } }',
): Promise<PluginProcess> {
  const program = `
    import { createPlugin } from ${JSON.stringify(modules)};
    const plugin = createPlugin({ name: ${JSON.stringify(name)}, version: '1.0.0', ...(${options}) });
    await plugin.listen(${JSON.stringify(endpoint)});
    console.log('listening');`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type', 'module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const end = async (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal);
    await exited;
  };
  let listens = false;
  await Promise.race([once(child.stdout!, 'data').then(() => (listens = true)), exited]);
  if (!listens) throw new Error('the process of the plugin ended before it listened');
  return { child, end };
}

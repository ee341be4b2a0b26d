import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type ConnectedPlugin, connectPlugin } from '../../../src/csi/index.js';
import { users } from '../../../src/index.js';
import type { PeerProgram } from '../../interop/build-peers.js';
import { mutableParameter } from './csi-sanity.js';
import type { SanitySetting } from './sanity-setting.js';
import { asUnprivileged, unprivilegedUser } from './unprivileged.js';

const stopLimitMs = 30_000;
/** Room for volumes, of which nothing must be used at the end. */
export const capacityBytes = 1024n ** 4n;

/** `podwire csi hostpath` from the sources. */
const command: PeerProgram = {
  command: process.execPath,
  args: ['--import', import.meta.resolve('tsx'), path.resolve(import.meta.dirname, '../../../src/cli/main.ts')],
};

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** The host-path plugin as a process of its own, with its log in a file. */
export class HostPathProcess {
  readonly plugin: ConnectedPlugin;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | string>;

  /** Resolves when the plugin is ready. */
  static async start(setting: SanitySetting, endpoint: string, folder: string, log: string): Promise<HostPathProcess> {
    const { user, specVersion } = setting;
    const args = [
      ...['csi', 'hostpath', '--endpoint', endpoint, '--state-dir', path.join(folder, 'state'), '--node-id', 'node-1'],
      ...['--mounts', user === 'root' ? 'bind' : 'links', '--spec-version', specVersion, '--log-level', 'trace'],
      ...['--capacity', `standard=${capacityBytes}`, '--topology', 'topology.hostpath.csi.podwire/node=node-1'],
      ...['--max-volumes-per-node', '4', '--mutable-parameter', mutableParameter],
      // root is this process, which looks at what is left.
      ...['--allow-peer', 'same-user', '--allow-peer', 'user:0'],
    ];
    const plain = { ...command, args: [...command.args, ...args] };
    const program = user === 'root' ? plain : asUnprivileged(plain);
    const file = await open(log, 'a');
    const child = spawn(program.command, program.args, { stdio: ['ignore', file.fd, file.fd] });
    running.add(child);
    const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
    void ended.finally(() => running.delete(child)).catch(() => {});
    await file.close();
    const givenUp = new AbortController();
    try {
      const allowServer = users(user === 'root' ? 0 : unprivilegedUser);
      const connecting = connectPlugin(endpoint, { channel: { allowServer }, signal: givenUp.signal });
      const early = ended.then(async (end) => {
        throw new Error(`the plugin ended with ${end}:\n${await readFile(log, 'utf8')}`);
      });
      return new HostPathProcess(child, ended, await Promise.race([connecting, early]));
    } catch (error) {
      givenUp.abort();
      child.kill('SIGKILL');
      throw error;
    }
  }

  private constructor(child: ChildProcess, ended: Promise<number | string>, plugin: ConnectedPlugin) {
    this.#child = child;
    this.#ended = ended;
    this.plugin = plugin;
  }

  /** Sends SIGTERM; resolves to the exit code, or to the signal's name. */
  async stop(): Promise<number | string> {
    await this.plugin.close();
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), stopLimitMs);
    try {
      return await this.#ended;
    } finally {
      clearTimeout(late);
    }
  }
}

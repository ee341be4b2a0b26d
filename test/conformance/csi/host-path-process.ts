import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type ConnectedPlugin, connectPlugin } from '../../../src/csi/index.js';
import { type PeerPolicy, users } from '../../../src/index.js';
import type { PeerProgram } from '../../interop/build-peers.js';
import { mutableParameter } from './csi-sanity.js';
import type { SanitySetting } from './sanity-setting.js';
import { asUnprivileged, unprivilegedUser } from './unprivileged.js';

const stopLimitMs = 30_000;
/** Room for volumes, of which nothing must be used at the end. */
export const capacityBytes = 1024n ** 4n;
/** Where a volume may be. */
const topology = 'topology.hostpath.csi.podwire/node=node-1';

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** The host-path plugin as a process of its own, which is started again whenever somebody else kills it with SIGKILL. */
export class HostPathProcess {
  readonly #program: PeerProgram;
  readonly #endpoint: string;
  readonly #allowServer: PeerPolicy;
  readonly #folder: string;
  readonly #ended: Promise<number | string>;
  #child: ChildProcess | undefined;
  #givenUp = false;

  /** The file of `folder` that has its log. */
  static readonly log = 'plugin.log';
  /** The one that has the number of its process. */
  static readonly pid = 'plugin.pid';

  /**
   * Resolves when the plugin is ready.
   *
   * @param podwire the command.
   * @param folder takes its state, its log and the number of its process.
   */
  static async start(
    podwire: PeerProgram,
    setting: SanitySetting,
    endpoint: string,
    folder: string,
  ): Promise<HostPathProcess> {
    const { user, specVersion } = setting;
    const args = [
      ...['csi', 'hostpath', '--endpoint', endpoint, '--state-dir', path.join(folder, 'state'), '--node-id', 'node-1'],
      ...['--mounts', user === 'root' ? 'bind' : 'links', '--spec-version', specVersion, '--log-level', 'trace'],
      ...['--capacity', `standard=${capacityBytes}`, '--topology', topology],
      ...['--max-volumes-per-node', '4', '--mutable-parameter', mutableParameter],
      // root is this process, which looks at what is left.
      ...['--allow-peer', 'same-user', '--allow-peer', 'user:0'],
    ];
    const plain = { ...podwire, args: [...podwire.args, ...args] };
    const server = new HostPathProcess(user === 'root' ? plain : asUnprivileged(plain), setting, endpoint, folder);
    try {
      await (await server.connect()).close();
      return server;
    } catch (error) {
      server.#kill();
      throw error;
    }
  }

  private constructor(program: PeerProgram, { user }: SanitySetting, endpoint: string, folder: string) {
    this.#program = program;
    this.#endpoint = endpoint;
    this.#allowServer = users(user === 'root' ? 0 : unprivilegedUser);
    this.#folder = folder;
    this.#ended = this.#run();
    // Whoever stops it hears of it.
    this.#ended.catch(() => {});
  }

  /** A connection of the caller's own, once the plugin is ready. Rejects when the plugin has ended. */
  async connect(): Promise<ConnectedPlugin> {
    const givenUp = new AbortController();
    const options = { channel: { allowServer: this.#allowServer }, signal: givenUp.signal };
    const early = this.#ended.then(async (end) => {
      throw new Error(`the plugin ended with ${end}:\n${await readFile(this.#file(HostPathProcess.log), 'utf8')}`);
    });
    try {
      return await Promise.race([connectPlugin(this.#endpoint, options), early]);
    } catch (error) {
      givenUp.abort();
      throw error;
    }
  }

  /** Sends SIGTERM; resolves to the exit code, or to the signal's name. */
  async stop(): Promise<number | string> {
    this.#child?.kill('SIGTERM');
    const late = setTimeout(() => this.#kill(), stopLimitMs);
    try {
      return await this.#ended;
    } finally {
      clearTimeout(late);
    }
  }

  #file(name: string): string {
    return path.join(this.#folder, name);
  }

  #kill(): void {
    this.#givenUp = true;
    this.#child?.kill('SIGKILL');
  }

  async #run(): Promise<number | string> {
    for (;;) {
      const log = await open(this.#file(HostPathProcess.log), 'a');
      const child = spawn(this.#program.command, this.#program.args, { stdio: ['ignore', log.fd, log.fd] });
      this.#child = child;
      running.add(child);
      const closed = once(child, 'close');
      try {
        await log.close();
        if (child.pid !== undefined) writeFileSync(this.#file(HostPathProcess.pid), `${child.pid}\n`);
        const [code, signal] = await closed;
        if (signal !== 'SIGKILL' || this.#givenUp) return (code ?? signal) as number | string;
      } finally {
        running.delete(child);
      }
    }
  }
}

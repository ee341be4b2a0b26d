import { type FSWatcher, lstatSync, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { type PluginInfo, RegistrationDefinition } from '../../../gen/pluginregistration/v1/pluginregistration.js';
import { createChannel, createClient } from '../../../src/index.js';

/** Does with a folder what a kubelet's plugin watcher does: dials sockets that appear, forgets those that go. */
export class Kubelet {
  readonly #folder: string;
  readonly #known = new Map<string, bigint>();
  #watcher: FSWatcher | undefined;
  /** What is registered, by file name. */
  readonly plugins = new Map<string, PluginInfo>();
  readonly dialed: string[] = [];
  /** Why the next plugins are not registered. */
  refusal: string | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  start(): this {
    this.#watcher = watch(this.#folder, () => this.#look());
    this.#look();
    return this;
  }

  stop(): void {
    this.#watcher?.close();
    this.#known.clear();
    this.plugins.clear();
  }

  #look(): void {
    const found = new Map<string, bigint>();
    for (const file of readdirSync(this.#folder)) {
      const stat = lstatSync(join(this.#folder, file), { bigint: true, throwIfNoEntry: false });
      if (!file.startsWith('.') && stat?.isSocket()) found.set(file, stat.ino);
    }
    for (const [file, inode] of this.#known) {
      if (found.get(file) === inode) continue;
      this.#known.delete(file);
      this.plugins.delete(file);
    }
    for (const [file, inode] of found) {
      if (this.#known.has(file)) continue;
      this.#known.set(file, inode);
      void this.#register(file);
    }
  }

  async #register(file: string): Promise<void> {
    this.dialed.push(file);
    await using channel = createChannel(join(this.#folder, file));
    const client = createClient(RegistrationDefinition, channel);
    try {
      await channel.ready({ timeoutMs: 10_000 });
      const info = await client.getInfo({}, { timeoutMs: 1_000 });
      const registered = this.refusal === undefined && info.type === 'CSIPlugin';
      if (registered) this.plugins.set(file, info);
      const status = { pluginRegistered: registered, error: this.refusal ?? '' };
      await client.notifyRegistrationStatus(status, { timeoutMs: 5_000 });
    } catch {
      // It logs this, and waits for the file to change.
    }
  }
}

import type { FileHandle } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { ConnectPluginOptions } from '../controller/connect-plugin.js';
import type { ConnectedPlugin } from '../controller/connected-plugin.js';
import { claimFolder } from '../store/claim-folder.js';
import { openStateFolder } from '../store/open-state-folder.js';
import { bootId } from './boot-id.js';
import type { ControllerEvent } from './controller-event.js';
import { controllerEvents } from './controller-events.js';
import type { ControllerOptions } from './controller-options.js';
import { ControllerStore } from './controller-store.js';
import { DesiredObjects } from './desired-objects.js';
import { EventStream } from './event-stream.js';
import { ObjectRelations } from './object-relations.js';
import { objectStatus, type SnapshotStatus, type VolumeStatus } from './object-status.js';
import { type DesiredFile, parseDesiredFile } from './parse-desired-file.js';
import { PluginConnection } from './plugin-connection.js';
import type { PluginFacts } from './plugin-facts.js';
import { readDesiredText } from './read-desired-text.js';
import { readSnapshotSpec } from './read-snapshot-spec.js';
import { readVolumeSpec } from './read-volume-spec.js';
import { Reconciler } from './reconciler.js';
import { resync } from './resync.js';
import { RetryTimes } from './retry-times.js';
import { snapshotKind } from './snapshot-kind.js';
import { volumeKind } from './volume-kind.js';
import type { SnapshotSpec, VolumeSpec } from './volume-spec.js';
import { watchFile } from './watch-file.js';

const WORKERS = 10;
const CALL_TIMEOUT_MS = 60_000;
const RESYNC_MS = 300_000;

/** Objects of one kind, by their names. */
export interface ControlledObjects<Spec, Status> {
  /**
   * The object is to be as this says. Resolves when that is on disk, and before anything was done; one that was deleted
   * and is not gone yet is made anew after it. Rejects with TypeError for what cannot be.
   */
  set(name: string, spec: Spec): Promise<void>;
  /** The object is to be gone; there is no way back. Resolves when that is on disk: false when there was none. */
  delete(name: string): Promise<boolean>;
  /** Undefined when it is neither desired nor known. */
  get(name: string): Status | undefined;
  /** All that are desired or known. */
  list(): Status[];
}

interface Opened {
  readonly store: ControllerStore;
  readonly claim: FileHandle;
  readonly folder: string;
}

/** Leads volumes and snapshots of a plugin to what is desired. Made by `createController`. */
export class Controller implements AsyncDisposable {
  readonly volumes: ControlledObjects<VolumeSpec, VolumeStatus>;
  readonly snapshots: ControlledObjects<SnapshotSpec, SnapshotStatus>;
  readonly #options: ControllerOptions;
  readonly #store: ControllerStore;
  /** Keeps the state folder to this process. */
  readonly #claim: FileHandle;
  readonly #desired: DesiredObjects;
  readonly #reconciler: Reconciler;
  readonly #connection: PluginConnection;
  readonly #events = new EventStream<ControllerEvent>();
  readonly #closing = new AbortController();
  readonly #fileWatch: { close(): void } | undefined;
  #fileText: string | undefined;
  /** One after the other: reading the file, listing what the plugin has. */
  #chores: Promise<unknown> = Promise.resolve();
  #resyncTimer: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  /** As `createController`, which has looked at the options. */
  static async open(options: ControllerOptions): Promise<Controller> {
    const folder = await openStateFolder(options.stateFolder);
    const claim = await claimFolder(folder);
    let store: ControllerStore | undefined;
    try {
      store = await ControllerStore.open(join(folder, 'store'));
      await forgetMounts(store);
      const text = options.file === undefined ? undefined : await readDesiredText(options.file);
      const file = text === undefined ? undefined : await parseDesiredFile(text, basename(options.file!));
      if (file !== undefined) await new DesiredObjects(store).replace(file);
      return new Controller(options, { store, claim, folder }, text);
    } catch (error) {
      await store?.close();
      await claim.close();
      throw error;
    }
  }

  private constructor(options: ControllerOptions, { store, claim, folder }: Opened, fileText?: string) {
    this.#options = options;
    this.#store = store;
    this.#claim = claim;
    this.#desired = new DesiredObjects(store);
    this.#fileText = fileText;
    const backoff = { firstMs: 1_000, multiplier: 2, longestMs: 60_000, ...options.backoff };
    const relations = new ObjectRelations(store);
    const stagingFolder =
      options.stagingFolder === undefined ? join(folder, 'staging') : resolve(options.stagingFolder);
    this.#reconciler = new Reconciler({
      store,
      kinds: [volumeKind(store, relations, stagingFolder), snapshotKind(store, relations)] as never,
      workers: options.workers ?? WORKERS,
      callTimeoutMs: options.callTimeoutMs ?? CALL_TIMEOUT_MS,
      retries: new RetryTimes(backoff),
      secrets: options.secrets,
      plugin: () => this.#connection.plugin,
      publish: (event) => this.#publish(event),
    });
    this.#connection = new PluginConnection(options.endpoint, connectOptions(options), backoff, {
      onReady: (plugin) => this.#pluginReady(plugin),
      onLost: (reason) => this.#publish({ type: 'pluginLost', reason }),
      onFailed: (error, retryMs) => this.#publish({ type: 'pluginFailed', error, retryMs }),
    });
    this.volumes = this.#objects<VolumeSpec, VolumeStatus>({
      kind: 'volume',
      set: async (name, spec) => this.#desired.setVolume(readVolumeSpec(name, spec)),
      delete: (name) => this.#desired.deleteVolume(name),
      names: () => new Set([...store.desiredVolumes.all(), ...store.volumes.all()].map(({ id }) => id)),
      status: (name) => this.#volumeStatus(name),
    });
    this.snapshots = this.#objects<SnapshotSpec, SnapshotStatus>({
      kind: 'snapshot',
      set: async (name, spec) => this.#desired.setSnapshot(readSnapshotSpec(name, spec)),
      delete: (name) => this.#desired.deleteSnapshot(name),
      names: () => new Set([...store.desiredSnapshots.all(), ...store.snapshots.all()].map(({ id }) => id)),
      status: (name) => this.#snapshotStatus(name),
    });
    if (options.file !== undefined) {
      this.#fileWatch = watchFile(options.file, () => this.#chore(() => this.#readFile()));
    }
    this.#planResync();
  }

  /** The plugin's name; undefined before the plugin was there. */
  get plugin(): string | undefined {
    return this.#reconciler.facts?.name;
  }

  /** Events from now on. They end when the controller is closed, and by the signal. */
  events({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<ControllerEvent, void, void> {
    return this.#events.read(signal);
  }

  /**
   * Resolves when all is as desired. Rejects when the rest can only be helped by another plugin or by other desires, and when
   * the signal is aborted: the message says what is missing, the cause is the signal's reason.
   */
  settled({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#reconciler.settled(signal);
  }

  /** Compares with what the plugin has, now. Rejects as its calls do. */
  resync(): Promise<void> {
    return this.#chore(() => this.#resync());
  }

  /** Ends open calls; the next controller with this state folder makes them again. Resolves when all is released. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    clearTimeout(this.#resyncTimer);
    this.#fileWatch?.close();
    this.#closing.abort(new Error('the controller was closed'));
    await Promise.all([this.#reconciler.close(), this.#connection.close()]);
    await this.#chores;
    await this.#store.close();
    await this.#claim.close();
    this.#events.close();
  }

  // -------------------------------------------------------------------------------------------------------- objects

  #objects<Spec, Status>(parts: {
    readonly kind: 'volume' | 'snapshot';
    set(name: string, spec: Spec): Promise<boolean>;
    delete(name: string): Promise<boolean>;
    names(): Iterable<string>;
    status(name: string): Status | undefined;
  }): ControlledObjects<Spec, Status> {
    const { kind } = parts;
    const change = async (name: string, action: () => Promise<boolean>): Promise<boolean> => {
      if (this.#options.file !== undefined)
        throw new TypeError(`what is desired is in ${this.#options.file}: change it there`);
      const changed = await action();
      if (changed) this.#reconciler.changed(kind, name);
      return changed;
    };
    return {
      set: async (name, spec) => void (await change(name, () => parts.set(name, spec))),
      delete: (name) => change(name, () => parts.delete(name)),
      get: (name) => parts.status(name),
      list: () => [...parts.names()].map((name) => parts.status(name)!),
    };
  }

  #volumeStatus(name: string): VolumeStatus | undefined {
    const desired = this.#store.desiredVolumes.get(name);
    const state = this.#store.volumes.get(name);
    if (desired === undefined && state === undefined) return undefined;
    const deleting = desired === undefined || state?.doomed === true;
    const types = deleting
      ? (['published', 'deleted'] as const)
      : (['created', 'published', 'sized', 'modified', 'present'] as const);
    const { decision, failures = [] } = this.#reconciler.outlook('volume', name) ?? {};
    const made = (uses: { readonly [key: string]: { readonly phase: string } } = {}) =>
      Object.keys(uses).filter((key) => uses[key]!.phase === 'made');
    return {
      ...objectStatus(name, deleting, types, decision, failures),
      volumeId: state?.volumeId,
      capacityBytes: state?.capacityBytes ?? 0n,
      nodes: made(state?.attachments),
      targets: made(state?.targets),
    };
  }

  #snapshotStatus(name: string): SnapshotStatus | undefined {
    const desired = this.#store.desiredSnapshots.get(name);
    const state = this.#store.snapshots.get(name);
    if (desired === undefined && state === undefined) return undefined;
    const deleting = desired === undefined || state?.doomed === true;
    const types = deleting ? (['deleted'] as const) : (['created', 'present'] as const);
    const { decision, failures = [] } = this.#reconciler.outlook('snapshot', name) ?? {};
    return {
      ...objectStatus(name, deleting, types, decision, failures),
      snapshotId: state?.snapshotId,
      readyToUse: state?.ready ?? false,
      sizeBytes: state?.sizeBytes ?? 0n,
      createdAt: state?.createdAtMs ? new Date(state.createdAtMs) : undefined,
    };
  }

  // --------------------------------------------------------------------------------------------------------- plugin

  async #pluginReady(plugin: ConnectedPlugin): Promise<void> {
    const facts = factsOf(plugin);
    const known = this.#store.about('driver');
    if (known !== undefined && known !== facts.name) {
      throw new Error(
        `the plugin is ${JSON.stringify(facts.name)}, and what is kept in ${this.#options.stateFolder} is about ` +
          `${JSON.stringify(known)}: give the endpoint of that one, or another state folder`,
      );
    }
    if (known === undefined) await this.#store.transaction(() => this.#store.setAbout('driver', facts.name));
    this.#publish({ type: 'pluginReady', plugin: plugin.name, version: plugin.version });
    this.#reconciler.pluginReady(facts);
    // Whatever happened while it was away.
    void this.#chore(() => this.#resync());
  }

  async #resync(): Promise<void> {
    const plugin = this.#connection.plugin;
    if (plugin === undefined) return;
    try {
      const secrets = (await this.#options.secrets?.({ kind: 'snapshot', name: '', method: 'listSnapshots' })) ?? {};
      const { callTimeoutMs: timeoutMs = CALL_TIMEOUT_MS, recreateMissing = false } = this.#options;
      const { signal } = this.#closing;
      const found = await resync(this.#store, plugin, { timeoutMs, signal, recreateMissing, secrets });
      for (const name of [...found.missingVolumes, ...found.detachedVolumes]) this.#reconciler.touch('volume', name);
      for (const name of found.missingSnapshots) this.#reconciler.touch('snapshot', name);
      const { detachedVolumes: _, ...told } = found;
      this.#publish({ type: 'resynced', ...told });
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#publish({ type: 'resyncFailed', error: error as Error });
      throw error;
    }
  }

  #planResync(): void {
    const { resyncMs = RESYNC_MS } = this.#options;
    // Also keeps the process alive, which is there to control.
    this.#resyncTimer = setTimeout(
      () => {
        if (this.#options.file !== undefined) void this.#chore(() => this.#readFile());
        void this.#chore(() => this.#resync());
        this.#planResync();
      },
      Math.min(resyncMs, 2 ** 31 - 1),
    );
  }

  #chore(action: () => Promise<void>): Promise<void> {
    const done = this.#chores.then(() => (this.#closing.signal.aborted ? undefined : action()));
    this.#chores = done.catch(() => {});
    done.catch(() => {});
    return done;
  }

  // ----------------------------------------------------------------------------------------------------------- file

  async #readFile(): Promise<void> {
    const file = this.#options.file!;
    try {
      const text = await readDesiredText(file);
      if (text === this.#fileText) return;
      const desired: DesiredFile = await parseDesiredFile(text, basename(file));
      const { volumes, snapshots } = await this.#desired.replace(desired);
      this.#fileText = text;
      for (const name of volumes) this.#reconciler.changed('volume', name);
      for (const name of snapshots) this.#reconciler.changed('snapshot', name);
      const counts = { volumes: desired.volumes.length, snapshots: desired.snapshots.length };
      this.#publish({ type: 'fileRead', file, ...counts });
    } catch (error) {
      this.#publish({ type: 'fileRefused', file, error: error as Error });
    }
  }

  #publish(event: ControllerEvent): void {
    this.#events.publish(event);
    if (controllerEvents.happened.hasSubscribers) controllerEvents.happened.publish({ controller: this, event });
  }
}

/** After the machine has started nothing is mounted: what was staged or published is to be so again. */
async function forgetMounts(store: ControllerStore): Promise<void> {
  const boot = await bootId();
  if (boot === undefined || store.about('boot') === boot) return;
  await store.transaction(() => {
    for (const state of [...store.volumes.all()]) {
      const { stagings, targets } = state;
      if (Object.keys({ ...stagings, ...targets }).length === 0) continue;
      store.volumes.put({ ...state, stagings: unmade(stagings), targets: unmade(targets) });
    }
    store.setAbout('boot', boot);
  });
}

function unmade<Use extends { readonly phase: string }>(uses: {
  readonly [path: string]: Use;
}): { [path: string]: Use } {
  const again = Object.entries(uses).map(([path, use]) => [
    path,
    use.phase === 'made' ? { ...use, phase: 'making' } : use,
  ]);
  return Object.fromEntries(again) as { [path: string]: Use };
}

function factsOf({ name, capabilities, nodeInfo }: ConnectedPlugin): PluginFacts {
  const { controller, node, volumeExpansion } = capabilities;
  return { name, controller, node, volumeExpansion, nodeId: nodeInfo?.nodeId };
}

function connectOptions({ connect = {}, callTimeoutMs = CALL_TIMEOUT_MS }: ControllerOptions): ConnectPluginOptions {
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  return { logger: silent, callTimeoutMs, ...connect };
}

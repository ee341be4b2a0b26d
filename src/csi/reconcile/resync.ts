import { ControllerServiceCapability_RPC_Type as ControllerRpc } from '../../../gen/csi/v1/csi.js';
import type { ConnectedPlugin } from '../controller/connected-plugin.js';
import type { ControllerStore } from './controller-store.js';
import type { SnapshotState } from './snapshot-state.js';
import type { VolumeState } from './volume-state.js';

/** What the plugin has, against what the controller knows. */
export interface Resync {
  /** Names of objects that the plugin does not have any more. */
  readonly missingVolumes: readonly string[];
  readonly missingSnapshots: readonly string[];
  /** Names of volumes that the plugin says are not attached where they were. */
  readonly detachedVolumes: readonly string[];
  readonly unknownVolumes: number;
  readonly unknownSnapshots: number;
}

export interface ResyncOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** What is missing is made anew. */
  readonly recreateMissing: boolean;
  /** For ListSnapshots. */
  readonly secrets: { readonly [key: string]: string };
}

/** As many at a time; a plugin may give fewer. */
const PAGE = 500;

/**
 * Lists what the plugin has, where it can, and writes down what is missing there. Rejects as the calls do; nothing was
 * written then.
 *
 * What is made, changed or deleted meanwhile may be in a list or not: only what is the same before and after counts.
 */
export async function resync(store: ControllerStore, plugin: ConnectedPlugin, options: ResyncOptions): Promise<Resync> {
  const { controller: has } = plugin.capabilities;
  const before = {
    volumes: new Map([...store.volumes.all()].map((state) => [state.id, JSON.stringify(state, printable)])),
    snapshots: new Map([...store.snapshots.all()].map((state) => [state.id, JSON.stringify(state, printable)])),
  };
  const volumes = has.includes(ControllerRpc.LIST_VOLUMES) ? await listVolumes(plugin, options) : undefined;
  const snapshots = has.includes(ControllerRpc.LIST_SNAPSHOTS) ? await listSnapshots(plugin, options) : undefined;
  const saysNodes = has.includes(ControllerRpc.LIST_VOLUMES_PUBLISHED_NODES);
  return store.transaction(() => {
    const result = {
      ...{ missingVolumes: [] as string[], missingSnapshots: [] as string[], detachedVolumes: [] as string[] },
      ...{ unknownVolumes: 0, unknownSnapshots: 0 },
    };
    for (const id of volumes?.keys() ?? []) if (!store.volumes.findBy('volumeId', id)) result.unknownVolumes++;
    for (const id of snapshots ?? []) if (!store.snapshots.findBy('snapshotId', id)) result.unknownSnapshots++;
    if (volumes !== undefined) {
      for (const state of [...store.volumes.all()]) {
        if (before.volumes.get(state.id) !== JSON.stringify(state, printable) || !isWhole(state)) continue;
        const nodes = volumes.get(state.volumeId);
        if (nodes === undefined) {
          result.missingVolumes.push(state.id);
          store.volumes.put({ ...state, missing: true, doomed: options.recreateMissing });
        } else if (saysNodes && detach(store, state, nodes)) result.detachedVolumes.push(state.id);
      }
    }
    if (snapshots !== undefined) {
      for (const state of [...store.snapshots.all()]) {
        if (before.snapshots.get(state.id) !== JSON.stringify(state, printable) || !isWholeSnapshot(state)) continue;
        if (snapshots.has(state.snapshotId)) continue;
        result.missingSnapshots.push(state.id);
        store.snapshots.put({ ...state, missing: true, doomed: options.recreateMissing });
      }
    }
    return result;
  });
}

function isWhole(state: VolumeState): state is VolumeState & { readonly volumeId: string } {
  return state.volumeId !== undefined && !state.doomed && !state.missing;
}

function isWholeSnapshot(state: SnapshotState): state is SnapshotState & { readonly snapshotId: string } {
  return state.snapshotId !== undefined && !state.doomed && !state.missing;
}

/** An attachment that is gone is made again. False when none is. */
function detach(store: ControllerStore, state: VolumeState, nodes: ReadonlySet<string>): boolean {
  const gone = Object.entries(state.attachments).filter(([node, { phase }]) => phase === 'made' && !nodes.has(node));
  if (gone.length === 0) return false;
  const again = gone.map(([node, attachment]) => [node, { ...attachment, phase: 'making' }]);
  store.volumes.put({ ...state, attachments: { ...state.attachments, ...Object.fromEntries(again) } });
  return true;
}

function printable(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

async function listVolumes(
  { controller }: ConnectedPlugin,
  { timeoutMs, signal }: ResyncOptions,
): Promise<Map<string, ReadonlySet<string>>> {
  const found = new Map<string, ReadonlySet<string>>();
  for await (const { entries } of pages((startingToken) =>
    controller.listVolumes({ maxEntries: PAGE, startingToken }, { timeoutMs, signal }),
  )) {
    for (const { volume, status } of entries) {
      if (volume !== undefined) found.set(volume.volumeId, new Set(status?.publishedNodeIds));
    }
  }
  return found;
}

async function listSnapshots(
  { controller }: ConnectedPlugin,
  { timeoutMs, signal, secrets }: ResyncOptions,
): Promise<Set<string>> {
  const found = new Set<string>();
  for await (const { entries } of pages((startingToken) =>
    controller.listSnapshots({ maxEntries: PAGE, startingToken, secrets }, { timeoutMs, signal }),
  )) {
    for (const { snapshot } of entries) if (snapshot !== undefined) found.add(snapshot.snapshotId);
  }
  return found;
}

/** Page by page, until there is no further one. */
async function* pages<Page extends { readonly nextToken: string }>(
  read: (startingToken: string) => Promise<Page>,
): AsyncGenerator<Page> {
  const seen = new Set<string>();
  for (let token = ''; ; ) {
    const page = await read(token);
    yield page;
    token = page.nextToken;
    if (token === '') return;
    if (seen.has(token)) throw new Error('the plugin gives pages in a circle');
    seen.add(token);
  }
}

import { ControllerServiceCapability_RPC_Type as ControllerRpc } from '../../../gen/csi/v1/csi.js';
import { type ControllerStore, sourceKey } from './controller-store.js';
import { objectKey } from './object-kind.js';
import type { PluginFacts } from './plugin-facts.js';

/** Of so many an object says that it waits for them. */
const SHOWN = 3;
const ALL = { limit: Number.MAX_SAFE_INTEGER };

export type Source = { readonly id: string } | { readonly waitsFor: string };

/** How objects of a controller depend on each other. All is looked up, and costs what the answer has. */
export class ObjectRelations {
  readonly #store: ControllerStore;

  constructor(store: ControllerStore) {
    this.#store = store;
  }

  /** The volume that something is to be made of. */
  sourceVolume(name: string): Source {
    const state = this.#store.volumes.get(name);
    const desired = this.#store.desiredVolumes.get(name) !== undefined;
    if (state === undefined && !desired) return { waitsFor: `the volume ${name}, which nobody has set` };
    const usable = state?.volumeId !== undefined && !state.missing && !state.deleting;
    // One that is to be deleted serves once more, unless another one takes its place.
    if (!usable || (state.doomed && desired)) return { waitsFor: `the volume ${name}` };
    return { id: state.volumeId! };
  }

  sourceSnapshot(name: string): Source {
    const state = this.#store.snapshots.get(name);
    const desired = this.#store.desiredSnapshots.get(name) !== undefined;
    if (state === undefined && !desired) return { waitsFor: `the snapshot ${name}, which nobody has set` };
    const usable = state?.snapshotId !== undefined && state.ready && !state.missing && !state.deleting;
    if (!usable || (state.doomed && desired)) return { waitsFor: `the snapshot ${name}` };
    return { id: state.snapshotId! };
  }

  /**
   * What has to be made of a volume or snapshot that is to be deleted, or was made of it and is to be deleted first: a plugin may
   * refuse to delete what others stand on. What cannot be made is not waited for.
   */
  dependents(kind: 'volume' | 'snapshot', name: string, id: string, plugin: PluginFacts): string[] {
    const store = this.#store;
    const found: string[] = [];
    for (const { id: of, doomed, snapshotId, ready, missing, answer } of store.snapshots.pageBy(
      'source',
      sourceKey(kind, id),
      ALL,
    )) {
      const unmade = snapshotId === undefined ? answer !== 'final' : !ready && !missing;
      if (doomed || unmade) found.push(`the snapshot ${of}`);
    }
    for (const { id: of, doomed, volumeId, answer } of store.volumes.pageBy('source', sourceKey(kind, id), ALL)) {
      if (doomed || (volumeId === undefined && answer !== 'final')) found.push(`the volume ${of}`);
    }
    const isSet = (kind === 'volume' ? store.desiredVolumes : store.desiredSnapshots).get(name) !== undefined;
    if (!isSet) found.push(...this.#unbegun(kind, name, plugin));
    return found.slice(0, SHOWN);
  }

  /** Objects whose decisions look at this one. */
  *relatives(kind: 'volume' | 'snapshot', name: string, id: string | undefined): Generator<string> {
    const store = this.#store;
    const keys = [sourceKey(kind, name), ...(id === undefined ? [] : [sourceKey(kind, id)])];
    for (const { id: of } of store.desiredVolumes.pageBy('source', keys[0]!, ALL)) yield objectKey('volume', of);
    for (const { id: of } of store.desiredSnapshots.pageBy('source', keys[0]!, ALL)) yield objectKey('snapshot', of);
    if (keys[1] === undefined) return;
    for (const { id: of } of store.volumes.pageBy('source', keys[1], ALL)) yield objectKey('volume', of);
    for (const { id: of } of store.snapshots.pageBy('source', keys[1], ALL)) yield objectKey('snapshot', of);
  }

  *#unbegun(kind: 'volume' | 'snapshot', name: string, { controller }: PluginFacts): Generator<string> {
    const store = this.#store;
    const key = sourceKey(kind, name);
    if (controller.includes(ControllerRpc.CREATE_DELETE_SNAPSHOT)) {
      for (const { id } of store.desiredSnapshots.pageBy('source', key, ALL)) {
        if (store.snapshots.get(id) === undefined) yield `the snapshot ${id}`;
      }
    }
    if (kind === 'volume' && !controller.includes(ControllerRpc.CLONE_VOLUME)) return;
    for (const { id } of store.desiredVolumes.pageBy('source', key, ALL)) {
      if (store.volumes.get(id) === undefined) yield `the volume ${id}`;
    }
  }
}

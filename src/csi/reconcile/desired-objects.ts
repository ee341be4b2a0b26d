import type { ControllerStore } from './controller-store.js';
import type { DesiredSnapshot, DesiredVolume } from './desired-volume.js';
import type { DesiredFile } from './parse-desired-file.js';
import { sameValue } from './same-value.js';

/** Who has to be told which objects are desired otherwise than before. */
export interface ChangedNames {
  readonly volumes: readonly string[];
  readonly snapshots: readonly string[];
}

/** What is desired, as it is kept. All of these are on disk when they resolve. */
export class DesiredObjects {
  readonly #store: ControllerStore;

  constructor(store: ControllerStore) {
    this.#store = store;
  }

  /** False when it was desired in the same way. */
  setVolume(desired: DesiredVolume): Promise<boolean> {
    return this.#store.transaction(() => put(this.#store.desiredVolumes, desired));
  }

  setSnapshot(desired: DesiredSnapshot): Promise<boolean> {
    return this.#store.transaction(() => put(this.#store.desiredSnapshots, desired));
  }

  /** False when it was neither desired nor known. */
  deleteVolume(name: string): Promise<boolean> {
    return this.#store.transaction(() => this.#dropVolume(name));
  }

  deleteSnapshot(name: string): Promise<boolean> {
    return this.#store.transaction(() => this.#dropSnapshot(name));
  }

  /** Nothing but this is desired. */
  replace({ volumes, snapshots }: DesiredFile): Promise<ChangedNames> {
    return this.#store.transaction(() => {
      const { desiredVolumes, desiredSnapshots } = this.#store;
      const wantedVolumes = new Set(volumes.map(({ id }) => id));
      const wantedSnapshots = new Set(snapshots.map(({ id }) => id));
      const goneVolumes = [...desiredVolumes.all()].map(({ id }) => id).filter((id) => !wantedVolumes.has(id));
      const goneSnapshots = [...desiredSnapshots.all()].map(({ id }) => id).filter((id) => !wantedSnapshots.has(id));
      for (const id of goneVolumes) this.#dropVolume(id);
      for (const id of goneSnapshots) this.#dropSnapshot(id);
      return {
        volumes: [...goneVolumes, ...volumes.filter((desired) => put(desiredVolumes, desired)).map(({ id }) => id)],
        snapshots: [
          ...goneSnapshots,
          ...snapshots.filter((desired) => put(desiredSnapshots, desired)).map(({ id }) => id),
        ],
      };
    });
  }

  /** What was begun is doomed, whatever will be desired under its name. */
  #dropVolume(name: string): boolean {
    const { desiredVolumes, volumes } = this.#store;
    const state = volumes.get(name);
    if (state !== undefined) volumes.put({ ...state, doomed: true });
    return desiredVolumes.delete(name) || state !== undefined;
  }

  #dropSnapshot(name: string): boolean {
    const { desiredSnapshots, snapshots } = this.#store;
    const state = snapshots.get(name);
    if (state !== undefined) snapshots.put({ ...state, doomed: true });
    return desiredSnapshots.delete(name) || state !== undefined;
  }
}

interface Table<Entry> {
  get(id: string): Entry | undefined;
  put(entry: Entry): void;
}

function put<Entry extends { readonly id: string }>(table: Table<Entry>, desired: Entry): boolean {
  if (sameValue(table.get(desired.id), desired)) return false;
  table.put(desired);
  return true;
}

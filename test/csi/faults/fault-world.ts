import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { connectPlugin, type SnapshotSpec, type VolumeSpec } from '../../../src/csi/index.js';
import { parseSize } from '../../../src/csi/reconcile/parse-size.js';
import type { Random } from '../../fuzz/random.js';

/** One change of what is desired. */
export type Change =
  | { readonly setVolume: string; readonly spec: VolumeSpec }
  | { readonly setSnapshot: string; readonly spec: SnapshotSpec }
  | { readonly deleteVolume: string }
  | { readonly deleteSnapshot: string };

const VOLUMES = 8;
const SNAPSHOTS = 4;

/** The folders of a fault test, what is desired in it, and what is really there. */
export class FaultWorld {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'podwire-csi-faults-')));
  readonly endpoint = `unix://${this.folder}/csi.sock`;
  readonly pluginFolder = join(this.folder, 'plugin');
  readonly controllerFolder = join(this.folder, 'controller');
  readonly targetFolder = join(this.folder, 'targets');
  readonly mounts: 'bind' | 'links';
  readonly volumes = new Map<string, VolumeSpec>();
  readonly snapshots = new Map<string, SnapshotSpec>();
  readonly #random: Random;
  #round = 0;

  constructor(random: Random) {
    this.#random = random;
    mkdirSync(this.targetFolder);
    this.mounts = canMount(this.folder) ? 'bind' : 'links';
  }

  /** A change that can come true, and what is desired from now on. */
  change(): Change {
    const random = this.#random;
    const name = `volume-${random.between(1, VOLUMES)}`;
    const existing = this.volumes.get(name);
    const choice = random.below(100);
    if (choice < 20) {
      const of = random.pick([...this.volumes.keys(), name]);
      const snapshot = `snapshot-${random.between(1, SNAPSHOTS)}`;
      if (this.snapshots.has(snapshot)) {
        // What is to be made of it would wait for ever.
        const needed = [...this.volumes.values()].some(
          ({ from }) => from && 'snapshot' in from && from.snapshot === snapshot,
        );
        if (!needed) {
          this.snapshots.delete(snapshot);
          return { deleteSnapshot: snapshot };
        }
      } else if (this.volumes.has(of)) {
        this.snapshots.set(snapshot, { of });
        return { setSnapshot: snapshot, spec: { of } };
      }
    }
    if (existing === undefined) return this.#setVolume(name, this.#newVolume(name));
    if (choice < 45 && !this.#isSource(name)) {
      this.volumes.delete(name);
      return { deleteVolume: name };
    }
    return this.#setVolume(name, this.#changedVolume(existing, name));
  }

  /** All is to go. */
  clear(): Change[] {
    const changes: Change[] = [
      ...[...this.volumes.keys()].map((name) => ({ deleteVolume: name })),
      ...[...this.snapshots.keys()].map((name) => ({ deleteSnapshot: name })),
    ];
    this.volumes.clear();
    this.snapshots.clear();
    return changes;
  }

  /** What the plugin and the file system have is what is desired. */
  async expectActual(volumeIds: ReadonlyMap<string, string>): Promise<void> {
    const plugin = await connectPlugin(this.endpoint);
    try {
      const { entries } = await plugin.controller.listVolumes({});
      const { entries: snapshots } = await plugin.controller.listSnapshots({});
      const actual = new Map(entries.map(({ volume, status }) => [volume!.volumeId, { ...volume!, ...status }]));
      expect([...volumeIds.keys()].sort()).toEqual([...this.volumes.keys()].sort());
      expect([...actual.keys()].sort()).toEqual([...volumeIds.values()].sort());
      expect(snapshots).toHaveLength(this.snapshots.size);
      for (const [name, { size, from, publish = [] }] of this.volumes) {
        const volume = actual.get(volumeIds.get(name)!)!;
        // A copy has at least what its source has.
        if (from === undefined) expect(volume.capacityBytes, name).toBe(parseSize(size!));
        else expect(volume.capacityBytes, name).toBeGreaterThanOrEqual(parseSize(size!));
        expect(volume.publishedNodeIds, name).toEqual(publish.length > 0 ? ['node-1'] : []);
        for (const { target } of publish) this.#expectTarget(target!, volume.volumeId);
      }
      const targets = [...this.volumes.values()].flatMap(({ publish = [] }) => publish.map(({ target }) => target));
      expect(
        readdirSync(this.targetFolder)
          .map((entry) => join(this.targetFolder, entry))
          .sort(),
      ).toEqual(targets.sort());
      expect(contents(join(this.pluginFolder, 'volumes'))).toHaveLength(this.volumes.size);
      expect(contents(join(this.pluginFolder, 'snapshots'))).toHaveLength(this.snapshots.size);
      const staged = [...this.volumes.values()].filter(({ publish = [] }) => publish.length > 0).length;
      expect(readdirIfThere(join(this.controllerFolder, 'staging'))).toHaveLength(staged);
    } finally {
      await plugin.close();
    }
  }

  /** Nothing is left of anything: no folder, mount, loop device or snapshot. */
  expectEmpty(): void {
    expect(contents(join(this.pluginFolder, 'volumes'))).toEqual([]);
    expect(contents(join(this.pluginFolder, 'snapshots'))).toEqual([]);
    expect(readdirSync(this.targetFolder)).toEqual([]);
    expect(readdirIfThere(join(this.controllerFolder, 'staging'))).toEqual([]);
    expect(this.#mounts()).toEqual([]);
    expect(this.#loopDevices()).toEqual([]);
  }

  /** Also after a test that failed. */
  remove(): void {
    for (const mount of this.#mounts().reverse()) execFileSync('umount', ['--', mount]);
    for (const device of this.#loopDevices()) execFileSync('losetup', ['--detach', device]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #setVolume(name: string, spec: VolumeSpec): Change {
    this.volumes.set(name, spec);
    return { setVolume: name, spec };
  }

  #isSource(name: string): boolean {
    const ofVolume = [...this.volumes.values()].some(({ from }) => from && 'volume' in from && from.volume === name);
    return ofVolume || [...this.snapshots.values()].some(({ of }) => of === name);
  }

  #newVolume(name: string): VolumeSpec {
    const random = this.#random;
    const access = this.mounts === 'bind' && random.below(100) < 30 ? 'block' : 'mount';
    const fresh: VolumeSpec = { size: `${random.between(1, 4)}Mi`, access, publish: this.#publish(name) };
    if (random.below(100) < 60) return fresh;
    const snapshots = [...this.snapshots.keys()].map((snapshot) => ({
      snapshot,
      volume: this.snapshots.get(snapshot)!.of,
    }));
    const volumes = [...this.volumes.keys()].map((volume) => ({ snapshot: undefined, volume }));
    const sources = [...snapshots, ...volumes].filter(({ volume }) => volume !== name);
    if (sources.length === 0) return fresh;
    const { snapshot, volume } = random.pick(sources);
    const source = this.volumes.get(volume);
    // A snapshot outlives its volume, and what it is of is not known here any more.
    if (source === undefined) return fresh;
    return { ...fresh, access: source.access!, size: '64Mi', from: snapshot === undefined ? { volume } : { snapshot } };
  }

  #changedVolume(spec: VolumeSpec, name: string): VolumeSpec {
    const random = this.#random;
    const choice = random.below(100);
    if (choice < 30) return { ...spec, size: String(parseSize(spec.size!) + 2n ** 20n) };
    if (choice < 50) return { ...spec, mutableParameters: { speed: String(random.between(1, 9)) } };
    return { ...spec, publish: this.#publish(name) };
  }

  #publish(name: string): NonNullable<VolumeSpec['publish']> {
    const count = this.#random.between(0, 2);
    return Array.from({ length: count }, (_, index) => ({
      target: join(this.targetFolder, `${name}-${this.#round++ % 3}-${index}`),
    }));
  }

  /** What is written through the one path is read where the volume is. */
  #expectTarget(target: string, volumeId: string): void {
    const content = join(this.pluginFolder, 'volumes', volumeId);
    if (statSync(content).isDirectory()) {
      writeFileSync(join(target, 'mark'), target);
      expect(readFileSync(join(content, 'mark'), 'utf8')).toBe(target);
    } else expect(statSync(target).isBlockDevice()).toBe(true);
    if (this.mounts === 'links') expect(readlinkSync(target)).toBe(content);
  }

  #mounts(): string[] {
    const table = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    return table.map((line) => line.split(' ')[4] ?? '').filter((path) => path.startsWith(`${this.folder}/`));
  }

  #loopDevices(): string[] {
    if (this.mounts === 'links') return [];
    const table = execFileSync('losetup', ['--noheadings', '--raw', '--output', 'NAME,BACK-FILE'], {
      encoding: 'utf8',
    });
    return table
      .split('\n')
      .filter((line) => line.includes(this.folder))
      .map((line) => line.split(' ')[0]!);
  }
}

function contents(folder: string): string[] {
  return readdirSync(folder).filter((entry) => !entry.startsWith('.'));
}

function readdirIfThere(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function canMount(folder: string): boolean {
  try {
    execFileSync('mount', ['--bind', folder, folder], { stdio: 'ignore' });
    execFileSync('umount', [folder], { stdio: 'ignore' });
    execFileSync('losetup', ['--find'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

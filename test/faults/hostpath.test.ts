import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { canBindMount } from '../../src/csi/hostpath/bind-mounts.js';
import { deleteVolume } from '../../src/csi/hostpath/controller/delete-volume.js';
import { HostPath } from '../../src/csi/hostpath/host-path.js';
import { nodeUnpublishVolume } from '../../src/csi/hostpath/node/node-unpublish-volume.js';
import { nodeUnstageVolume } from '../../src/csi/hostpath/node/node-unstage-volume.js';
import { volumeOnNode } from '../../src/csi/hostpath/volume-on-node.js';

const KILLS = 12;
const program = fileURLToPath(new URL('hostpath-process.ts', import.meta.url));
const probe = mkdtempSync(join(tmpdir(), 'podwire-hostpath-'));
const kinds = (await canBindMount(probe)) ? (['links', 'bind'] as const) : (['links'] as const);
rmSync(probe, { recursive: true });

const mountsIn = (folder: string) =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(folder));

function loopDevicesIn(folder: string): string[] {
  const files = execFileSync('losetup', ['--noheadings', '--raw', '--output', 'BACK-FILE'], { encoding: 'utf8' });
  return files.split('\n').filter((file) => file.startsWith(folder));
}

describe('a host-path plugin that is killed', () => {
  it.each(kinds)(
    'keeps the targets that it acknowledged, and leaves nothing when they are unpublished (%s)',
    async (mounts) => {
      const folder = mkdtempSync(join(tmpdir(), 'podwire-faults-hostpath-'));
      const stateFolder = join(folder, 'state');
      const seen: { readonly [mark: string]: Set<string> } = { '+': new Set(), '?': new Set(), '-': new Set() };
      let cutShort = 0;
      for (let round = 0; round < KILLS; round++) {
        const child = spawn(process.execPath, ['--import', 'tsx', program, stateFolder, folder, mounts], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        onTestFinished(() => void child.kill('SIGKILL'));
        const exited = once(child, 'exit');
        const lines = createInterface({ input: child.stdout });
        const ended = once(lines, 'close');
        const ready = once(lines, 'line');
        lines.on('line', (line) => seen[line[0]!]?.add(line.slice(2)));
        await ready;
        await delay(50 + Math.random() * 300);
        child.kill('SIGKILL');
        await Promise.all([exited, ended]);
        // What it had started, such as mount(8), comes to its end.
        await delay(100);

        const hostPath = await HostPath.open({ stateFolder, nodeId: 'node-1', mounts });
        const { store, volumes } = hostPath;
        const targets = [...store.targets.all()];
        const published = targets.filter(({ use }) => use === 'published');
        const recorded = new Set(published.map(({ volumeId, path }) => `${volumeId} ${path}`));
        cutShort += recorded.size;
        // Acknowledged, and nobody has asked for its end: it is recorded, and shown.
        const kept = [...seen['+']!].filter((target) => !seen['?']!.has(target));
        expect(kept.filter((target) => !recorded.has(target))).toEqual([]);
        for (const { volumeId, path: target, readonly } of published) {
          if (!kept.includes(`${volumeId} ${target}`)) continue;
          const { id, accessType } = volumeOnNode(store, volumeId)!;
          const content = volumes.pathOf(id);
          expect(await hostPath.mounts.problemOf({ content, target, accessType, readonly })).toBeUndefined();
        }
        expect([...recorded].filter((target) => seen['-']!.has(target))).toEqual([]);
        expect(mountsIn(folder).filter((path) => !published.some((target) => target.path === path))).toEqual([]);

        for (const { volumeId, path: targetPath } of published) {
          await nodeUnpublishVolume(hostPath, { volumeId, targetPath });
        }
        for (const { volumeId, path: stagingTargetPath, use } of targets) {
          if (use === 'staged') await nodeUnstageVolume(hostPath, { volumeId, stagingTargetPath });
        }
        for (const { id: volumeId } of [...store.volumes.all()])
          await deleteVolume(hostPath, { volumeId, secrets: {} });
        expect([...store.targets.all(), ...store.ephemeralVolumes.all()]).toEqual([]);
        expect(await volumes.ids()).toEqual([]);
        expect(store.usedCapacity.of('standard')).toBe(0n);
        expect(mountsIn(folder)).toEqual([]);
        expect(loopDevicesIn(folder)).toEqual([]);
        expect(readdirSync(folder)).toEqual(['state']);
        await hostPath.close();
        for (const set of Object.values(seen)) set.clear();
      }
      // It was killed in the middle of something.
      expect(cutShort).toBeGreaterThan(0);
      rmSync(folder, { recursive: true });
    },
    180_000,
  );
});

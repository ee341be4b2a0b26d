import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newId } from '../../../src/csi/hostpath/new-id.js';
import { RecordStore } from '../../../src/csi/hostpath/record-store.js';
import type { SnapshotRecord } from '../../../src/csi/hostpath/snapshot-record.js';
import { temporaryFolder } from '../hostpath/temporary-folder.js';
import { volumeRecord } from '../hostpath/volume-record.js';

async function openStore(): Promise<RecordStore> {
  const store = await RecordStore.open(join(temporaryFolder(), 'store'));
  onTestFinished(() => store.close());
  return store;
}

function snapshot(sourceVolumeId: string, groupId?: string): SnapshotRecord {
  const id = newId('snap');
  const fixed = { accessType: 'mount', sizeBytes: 1n, storageKind: 'standard', createdAtMs: 0 } as const;
  return { id, name: id, sourceVolumeId, ...(groupId !== undefined && { groupId }), ...fixed };
}

const ids = (records: readonly { readonly id: string }[]) => records.map(({ id }) => id);

describe('RecordTable', () => {
  it('gives pages in the order of ids, which go on behind an entry that has gone', async () => {
    const { transaction, volumes } = await bound();
    const records = Array.from({ length: 7 }, () => volumeRecord());
    await transaction(() => records.toReversed().forEach((record) => void volumes.put(record)));
    expect(ids(volumes.page({ limit: 3 }))).toEqual(ids(records.slice(0, 3)));
    await transaction(() => void volumes.delete(records[2].id));
    expect(ids(volumes.page({ after: records[2].id, limit: 3 }))).toEqual(ids(records.slice(3, 6)));
    expect(ids(volumes.page({ after: records[5].id, limit: 3 }))).toEqual([records[6].id]);
    expect(volumes.page({ after: records[6].id, limit: 3 })).toEqual([]);
  });

  it('finds all with a value, by pages too, and nothing of other values and tables', async () => {
    const { transaction, snapshots, volumes } = await bound();
    const of = (source: string) => [snapshot(source), snapshot(source), snapshot(source)];
    const [short, long, other] = [of('vol-1'), of('vol-11'), of('vol-1\0')];
    await transaction(() => {
      volumes.put(volumeRecord({ name: 'vol-1' }));
      for (const record of [...short, ...long, ...other]) snapshots.put(record);
    });
    expect(ids(snapshots.pageBy('source', 'vol-1', { limit: 100 }))).toEqual(ids(short));
    const second = snapshots.pageBy('source', 'vol-1', { after: short[0].id, limit: 1 });
    expect(ids(second)).toEqual([short[1].id]);
    expect(snapshots.countBy('source', 'vol-11', 2)).toBe(2);
    expect(snapshots.countBy('source', 'vol-11', 9)).toBe(3);
    expect(snapshots.pageBy('source', 'vol', { limit: 100 })).toEqual([]);
  });

  it('follows values that change, appear and go', async () => {
    const { transaction, snapshots } = await bound();
    const record = snapshot('vol-1');
    const found = (group: string) => snapshots.findBy('group', group)?.id;
    await transaction(() => snapshots.put(record));
    expect(found('g1')).toBeUndefined();
    await transaction(() => snapshots.put({ ...record, groupId: 'g1' }));
    expect(found('g1')).toBe(record.id);
    await transaction(() => snapshots.put({ ...record, groupId: 'g2' }));
    expect([found('g1'), found('g2')]).toEqual([undefined, record.id]);
    expect(await transaction(() => [snapshots.delete(record.id), snapshots.delete(record.id)])).toEqual([true, false]);
    expect([found('g2'), snapshots.findBy('source', 'vol-1'), snapshots.get(record.id)]).toEqual(
      Array(3).fill(undefined),
    );
  });

  it('goes through more than a page', async () => {
    const { transaction, volumes } = await bound();
    const records = Array.from({ length: 250 }, () => volumeRecord());
    await transaction(() => records.forEach((record) => void volumes.put(record)));
    expect(ids([...volumes.all()])).toEqual(ids(records));
  });

  it('keeps names of 128 bytes apart, in any script', async () => {
    const { transaction, volumes } = await bound();
    const names = ['ä'.repeat(64), `${'ä'.repeat(63)}ö`, 'x'.repeat(128), '😀'.repeat(32), 'name', 'Name', ' name'];
    await transaction(() => names.forEach((name) => void volumes.put(volumeRecord({ name }))));
    expect(names.map((name) => volumes.findBy('name', name)?.name)).toEqual(names);
  });
});

async function bound() {
  const store = await openStore();
  const transaction = <Result>(change: () => Result) => store.transaction(change);
  return { transaction, volumes: store.volumes, snapshots: store.snapshots };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newId } from '../../../src/csi/hostpath/new-id.js';
import { RecordStore } from '../../../src/csi/hostpath/record-store.js';
import { temporaryFolder } from './temporary-folder.js';
import { volumeRecord } from './volume-record.js';

const program = fileURLToPath(new URL('record-store-process.ts', import.meta.url));

async function openStore(path = join(temporaryFolder(), 'store')): Promise<RecordStore> {
  const store = await RecordStore.open(path);
  onTestFinished(() => store.close());
  return store;
}

describe('RecordStore', () => {
  it('has after a restart what it had before, as it was', async () => {
    const path = join(temporaryFolder(), 'store');
    const record = volumeRecord({
      capacityBytes: 2n ** 62n,
      source: { kind: 'snapshot', id: newId('snap') },
      mutableParameters: { iops: '5' },
    });
    const first = await RecordStore.open(path);
    await first.transaction(() => first.volumes.put(record));
    await first.close();
    const second = await openStore(path);
    expect(second.volumes.get(record.id)).toEqual(record);
    expect(second.id).toBe(first.id);
  });

  it('does all of a change or nothing, also beside changes that share its flush', async () => {
    const store = await openStore();
    const records = Array.from({ length: 5 }, () => volumeRecord());
    const changes = records.map((record, index) =>
      store.transaction(() => {
        store.volumes.put(record);
        store.usedCapacity.add('standard', 1n);
        if (index === 2) throw new Error('no');
        return index;
      }),
    );
    expect((await Promise.allSettled(changes)).map(({ status }) => status)).toEqual(
      [0, 1, 2, 3, 4].map((index) => (index === 2 ? 'rejected' : 'fulfilled')),
    );
    expect([...store.volumes.all()].map(({ id }) => id)).toEqual(records.filter((_, i) => i !== 2).map(({ id }) => id));
    expect(store.volumes.findBy('name', records[2].name)).toBeUndefined();
    expect(store.usedCapacity.of('standard')).toBe(4n);
  });

  it('shows a change what was written before it, and itself', async () => {
    const store = await openStore();
    const record = volumeRecord({ name: 'data' });
    const seen = await Promise.all([
      store.transaction(() => {
        store.volumes.put(record);
        return store.volumes.findBy('name', 'data')?.id;
      }),
      store.transaction(() => store.volumes.findBy('name', 'data')?.id),
    ]);
    expect(seen).toEqual([record.id, record.id]);
  });

  it('refuses changes when it is closed', async () => {
    const store = await openStore();
    await store.close();
    await expect(store.transaction(() => {})).rejects.toThrow('closed');
  });

  it('keeps what it acknowledged through kill -9 at any moment', async () => {
    const path = join(temporaryFolder(), 'store');
    const acknowledged = new Set<string>();
    for (let round = 0; round < 5; round++) {
      const child = spawn(process.execPath, ['--import', 'tsx', program, path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exited = once(child, 'exit');
      onTestFinished(() => void child.kill('SIGKILL'));
      const lines = createInterface({ input: child.stdout });
      const ended = once(lines, 'close');
      const opened = once(lines, 'line');
      lines.on('line', (line) => line.startsWith('vol-') && acknowledged.add(line));
      const [first] = (await opened) as [string];
      expect(Number(/^opened with (\d+)$/.exec(first)?.[1])).toBeGreaterThanOrEqual(acknowledged.size);
      await delay(50 + Math.random() * 200);
      child.kill('SIGKILL');
      await Promise.all([exited, ended]);
    }
    const store = await openStore(path);
    const found = new Set([...store.volumes.all()].map(({ id }) => id));
    expect([...acknowledged].filter((id) => !found.has(id))).toEqual([]);
    expect(acknowledged.size).toBeGreaterThan(10);
    // What was not acknowledged may be there, and then all of it is.
    expect(store.usedCapacity.of('standard')).toBe(BigInt(found.size));
    for (const id of found) expect(store.volumes.findBy('name', `name of ${id}`)?.id).toBe(id);
    await store.transaction(() => store.volumes.put(volumeRecord()));
  }, 90_000);
});

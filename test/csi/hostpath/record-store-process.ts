/* Writes volumes into the store at argv[2] for ever, and prints the id of each when the store has acknowledged it. */
import { writeSync } from 'node:fs';
import { newId } from '../../../src/csi/hostpath/new-id.js';
import { RecordStore } from '../../../src/csi/hostpath/record-store.js';
import { volumeRecord } from './volume-record.js';

const store = await RecordStore.open(process.argv[2]);
const before = store.volumes.page({ limit: Number.MAX_SAFE_INTEGER }).length;
writeSync(1, `opened with ${before}\n`);

async function write(): Promise<void> {
  for (;;) {
    const id = newId('vol');
    await store.transaction(() => {
      store.volumes.put(volumeRecord({ id, name: `name of ${id}` }));
      store.usedCapacity.add('standard', 1n);
    });
    writeSync(1, `${id}\n`);
  }
}

await Promise.all([write(), write(), write()]);

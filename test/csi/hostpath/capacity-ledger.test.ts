import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CapacityLedger } from '../../../src/csi/hostpath/capacity-ledger.js';
import { RecordStore } from '../../../src/csi/hostpath/record-store.js';
import { Code } from '../../../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

async function openStore(): Promise<RecordStore> {
  const store = await RecordStore.open(join(temporaryFolder(), 'store'));
  onTestFinished(() => store.close());
  return store;
}

describe('CapacityLedger', () => {
  it('counts each kind by itself: what is used, and what is being made', async () => {
    const store = await openStore();
    const ledger = new CapacityLedger({ slow: 100n, fast: 10n }, store.usedCapacity);
    expect(ledger.defaultKind).toBe('slow');
    await store.transaction(() => store.usedCapacity.add('slow', 30n));
    const release = ledger.reserve('slow', 50n);
    expect([ledger.availableOf('slow'), ledger.availableOf('fast'), ledger.availableOf('none')]).toEqual([
      20n,
      10n,
      0n,
    ]);
    const full = expect.objectContaining({ code: Code.RESOURCE_EXHAUSTED });
    expect(() => ledger.reserve('slow', 21n)).toThrow(full);
    expect(() => ledger.reserve('none', 1n)).toThrow(full);
    ledger.reserve('fast', 10n);
    release();
    release();
    expect(ledger.availableOf('slow')).toBe(70n);
  });

  it('has nothing left, not less, when the total was lowered', async () => {
    const store = await openStore();
    await store.transaction(() => store.usedCapacity.add('slow', 30n));
    expect(new CapacityLedger({ slow: 20n }, store.usedCapacity).availableOf('slow')).toBe(0n);
    expect(() => new CapacityLedger({}, store.usedCapacity)).toThrow(TypeError);
  });
});

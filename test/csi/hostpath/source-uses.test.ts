import { describe, expect, it } from 'vitest';
import { SourceUses } from '../../../src/csi/hostpath/source-uses.js';
import { Code } from '../../../src/index.js';
import { volumeRecord } from './volume-record.js';

/** As much of a store as it asks: whether a record is there, in a transaction. */
function storeOf(id: string): ConstructorParameters<typeof SourceUses>[0] {
  const volumes = { get: (wanted: string) => (wanted === id ? volumeRecord({ id }) : undefined) };
  return { volumes, snapshots: volumes, transaction: async (change: () => unknown) => change() } as never;
}

describe('SourceUses', () => {
  it('has no use of what has gone', async () => {
    const uses = new SourceUses(storeOf('vol-1'));
    const gone = uses.during('volume', 'vol-2', async () => expect.unreachable());
    await expect(gone).rejects.toMatchObject({ code: Code.NOT_FOUND });
    uses.refuseDeletion('volume', 'vol-2');
  });

  it('refuses the deletion until the last copy is over, however it ends', async () => {
    const uses = new SourceUses(storeOf('vol-1'));
    const ends: (() => void)[] = [];
    const fails = uses.during(
      'volume',
      'vol-1',
      () => new Promise((_, reject) => ends.push(() => reject(new Error('full')))),
    );
    const works = uses.during('volume', 'vol-1', () => new Promise((resolve) => ends.push(() => resolve('copied'))));
    await new Promise((resolve) => setImmediate(resolve));
    const refused = expect.objectContaining({ code: Code.ABORTED });
    expect(() => uses.refuseDeletion('volume', 'vol-1')).toThrow(refused);
    uses.refuseDeletion('volume', 'vol-2');
    ends[0]();
    await expect(fails).rejects.toThrow('full');
    expect(() => uses.refuseDeletion('volume', 'vol-1')).toThrow(refused);
    ends[1]();
    expect(await works).toBe('copied');
    uses.refuseDeletion('volume', 'vol-1');
  });
});

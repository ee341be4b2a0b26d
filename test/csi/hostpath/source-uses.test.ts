import { describe, expect, it } from 'vitest';
import { SourceUses } from '../../../src/csi/hostpath/source-uses.js';
import { Code } from '../../../src/index.js';

describe('SourceUses', () => {
  it('refuses the deletion until the last copy is over, however it ends', async () => {
    const uses = new SourceUses();
    const ends: (() => void)[] = [];
    const fails = uses.during('vol-1', () => new Promise((_, reject) => ends.push(() => reject(new Error('full')))));
    const works = uses.during('vol-1', () => new Promise((resolve) => ends.push(() => resolve('copied'))));
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

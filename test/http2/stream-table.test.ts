import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamTable } from '../../src/http2/stream-table.js';

describe('StreamTable', () => {
  it('does what a Map does, whatever comes and goes', () => {
    // Identifiers that share their low bits meet in one slot.
    const identifier = fc.oneof(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 0, max: 40 }).map((step) => 1 + step * 32),
    );
    const operation = fc.record({ remove: fc.boolean(), id: identifier });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
        const table = new StreamTable<{ id: number }>();
        const model = new Map<number, { id: number }>();
        for (const { remove, id } of operations) {
          if (remove) expect(table.delete(id)).toBe(model.delete(id));
          else if (!model.has(id)) {
            const stream = { id };
            table.add(stream);
            model.set(id, stream);
          }
          expect(table.get(id)).toBe(model.get(id));
        }
        expect(table.size).toBe(model.size);
        for (const [id, stream] of model) expect(table.get(id)).toBe(stream);
        expect(table.values().sort((a, b) => a.id - b.id)).toEqual([...model.values()].sort((a, b) => a.id - b.id));
      }),
    );
  });

  it('is empty after clear', () => {
    const table = new StreamTable<{ id: number }>();
    for (let id = 1; id < 200; id += 2) table.add({ id });
    expect(table.size).toBe(100);
    table.clear();
    expect([table.size, table.get(1), table.values()]).toEqual([0, undefined, []]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DynamicTable } from '../../../src/http2/hpack/dynamic-table.js';

describe('DynamicTable', () => {
  it('has the newest entry at index 0', () => {
    const table = new DynamicTable();
    table.insert('a', '1');
    table.insert('b', '2');
    expect(entries(table)).toEqual([
      ['b', '2'],
      ['a', '1'],
    ]);
    expect(table).toMatchObject({ length: 2, size: 68, maxSize: 4096, inserted: 2 });
  });

  it('evicts the oldest entries, no more than it must', () => {
    const table = new DynamicTable(100);
    table.insert('a', '1');
    table.insert('b', '2');
    table.insert('c', '');
    expect(entries(table)).toEqual([
      ['c', ''],
      ['b', '2'],
    ]);
    table.insert('d', '');
    expect(table).toMatchObject({ length: 3, size: 100 });
  });

  it('is emptied by an entry that is larger than the table', () => {
    const table = new DynamicTable(100);
    table.insert('a', '1');
    table.insert('b', 'x'.repeat(68));
    expect(table).toMatchObject({ length: 0, size: 0, inserted: 1 });
    table.insert('b', 'x'.repeat(67));
    expect(table).toMatchObject({ length: 1, size: 100 });
  });

  it('evicts when it becomes smaller and keeps nothing at size 0', () => {
    const table = new DynamicTable();
    for (const name of ['a', 'b', 'c']) table.insert(name, '');
    table.resize(66);
    expect(entries(table)).toEqual([
      ['c', ''],
      ['b', ''],
    ]);
    table.resize(0);
    table.insert('d', '');
    expect(table).toMatchObject({ length: 0, size: 0 });
    table.resize(4096);
    table.insert('e', '');
    expect(entries(table)).toEqual([['e', '']]);
  });

  it('does what a plain array would', () => {
    const text = fc.string({ maxLength: 60 });
    const step = fc.oneof(
      { weight: 20, arbitrary: fc.record({ name: text, value: text }) },
      { weight: 1, arbitrary: fc.record({ maxSize: fc.nat({ max: 3_000 }) }) },
      { weight: 1, arbitrary: fc.constant('clear' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const table = new DynamicTable(1_500);
        let plain: [string, string][] = [];
        let maxSize = 1_500;
        for (const step of steps) {
          if (step === 'clear') {
            table.clear();
            plain = [];
          } else if ('maxSize' in step) {
            table.resize(step.maxSize);
            maxSize = step.maxSize;
          } else {
            table.insert(step.name, step.value);
            plain.unshift([step.name, step.value]);
          }
          while (size(plain) > maxSize) plain.pop();
          expect(entries(table)).toEqual(plain);
          expect(table.size).toBe(size(plain));
        }
      }),
    );
  });
});

function size(entries: [string, string][]): number {
  return entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
}

function entries(table: DynamicTable): [string, string][] {
  return Array.from({ length: table.length }, (_, index) => [table.nameAt(index), table.valueAt(index)]);
}

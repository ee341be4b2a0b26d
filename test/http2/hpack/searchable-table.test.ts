import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SearchableTable } from '../../../src/http2/hpack/searchable-table.js';

describe('SearchableTable', () => {
  it('finds the newest of several', () => {
    const table = new SearchableTable();
    table.insert('a', '1');
    table.insert('a', '2');
    table.insert('a', '1');
    expect(table.entriesOf('a')?.byValue.get('1')).toBe(2);
    expect(table.entriesOf('a')?.byValue.get('2')).toBe(1);
    expect(table.entriesOf('a')?.newest).toBe(2);
  });

  it('finds nothing that is not there', () => {
    const table = new SearchableTable();
    table.insert('a', '1');
    expect(table.entriesOf('a')?.byValue.get('2')).toBeUndefined();
    expect(table.entriesOf('b')?.byValue.get('1')).toBeUndefined();
    expect(table.entriesOf('b')).toBeUndefined();
  });

  it('does not know an entry that was too large', () => {
    const table = new SearchableTable(40);
    table.insert('a', 'x'.repeat(40));
    expect(table.entriesOf('a')?.byValue.get('x'.repeat(40))).toBeUndefined();
    expect(table.entriesOf('a')).toBeUndefined();
  });

  it('finds exactly what the table holds, through any evictions', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const value = fc.constantFrom('', '1', '2', '3', 'x'.repeat(90), 'x'.repeat(300));
    const step = fc.oneof(
      { weight: 20, arbitrary: fc.record({ name, value }) },
      { weight: 1, arbitrary: fc.record({ maxSize: fc.nat({ max: 300 }) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
        const table = new SearchableTable(250);
        for (const step of steps) {
          if ('maxSize' in step) table.resize(step.maxSize);
          else table.insert(step.name, step.value);
          const newest = new Map<string, number>();
          for (let index = table.length - 1; index >= 0; index--) {
            const serial = table.inserted - 1 - index;
            newest.set(table.nameAt(index), serial);
            newest.set(`${table.nameAt(index)}=${table.valueAt(index)}`, serial);
          }
          for (const name of ['a', 'b', 'c', 'd']) {
            expect(table.entriesOf(name)?.newest).toBe(newest.get(name));
            for (const value of ['', '1', '2', '3', 'x'.repeat(90), 'x'.repeat(300)]) {
              expect(table.entriesOf(name)?.byValue.get(value)).toBe(newest.get(`${name}=${value}`));
            }
          }
        }
      }),
    );
  });
});

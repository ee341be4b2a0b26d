import { describe, expect, it } from 'vitest';
import { columns } from './columns.js';
import { type InteropRun, interopTable } from './interop-table.js';
import { cases } from './peers/typescript/cases.js';
import type { PairResults } from './results.js';

const all = Object.keys(cases).map((name) => ({ case: name, ok: true, ms: 1 }));
const versions = Object.fromEntries(['grpc-js', 'nice-grpc', 'connect', 'python', 'cpp'].map((name) => [name, name]));

function page(...pairs: Partial<PairResults>[]): string {
  const run: InteropRun = {
    pairs: pairs.map((pair) => ({ client: 'podwire', server: 'python', kind: 'path', results: all, ...pair })),
    authorities: { columns: ['`localhost`'], rows: { podwire: { '`localhost`': 'ok' } } },
    sockets: { columns: ['path', 'abstract name'], rows: {} },
    sidecars: { columns: ['path', 'abstract name'], rows: { connects: { path: 'ok' } } },
    versions,
  };
  return interopTable(run);
}

const rowsOf = (text: string, title: string) => text.split('\n').filter((line) => line.startsWith(`| ${title} |`));

describe('the columns', () => {
  it('have every case, once', () => {
    expect(Object.values(columns).flat().toSorted()).toEqual(Object.keys(cases).toSorted());
  });
});

describe('the tables', () => {
  it('say ok of what ran in both directions', () => {
    const text = page({}, { client: 'python', server: 'podwire' }, { kind: 'abstract' });
    expect(rowsOf(text, 'python')).toEqual(['| python | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok |']);
    expect(rowsOf(text, 'podwire calls python')).toHaveLength(4);
  });

  it('show a failure in every row that it concerns', () => {
    const results = all.map((one) => (one.case === 'timeout' ? { ...one, ok: false, error: 'no' } : one));
    const text = page({ results }, { client: 'python', server: 'podwire' });
    const failed = '**failed**';
    expect(rowsOf(text, 'python')).toEqual([
      `| python | ${failed} | not run | ${failed} | ok | ok | ${failed} | ok | ok | ok | ok |`,
    ]);
    expect(rowsOf(text, 'podwire calls python')[0]).toContain(failed);
    expect(rowsOf(text, 'python calls podwire')[0]).not.toContain(failed);
  });

  it('say that a case is missing', () => {
    const text = page({ results: all.slice(1) });
    expect(rowsOf(text, 'podwire calls python')[0]).toContain('not run');
  });

  it('say no of what is known to fail, and give notes and reasons, each once', () => {
    const results = all.map((one) => (one.case === 'gzip' ? { ...one, ok: false, error: 'no' } : one));
    const impossible = 'there is no such thing';
    const text = page(
      { server: 'grpc-js', results, known: ['gzip'], notes: { gzip: 'it never does' } },
      { client: 'grpc-js', server: 'podwire', notes: { gzip: 'it never does' } },
      { server: 'grpc-js', kind: 'abstract', results: [], impossible },
    );
    expect(rowsOf(text, 'grpc-js')[0]).toBe('| grpc-js | ok | - [^1] | ok | ok | ok | ok | ok | ok | ok | no [^2] |');
    expect(text).toContain('\n[^1]: there is no such thing.\n[^2]: it never does.\n');
    expect(text.match(/it never does/g)).toHaveLength(1);
  });

  it('leave out what two others do without podwire', () => {
    expect(page({ client: 'go-new', server: 'python' })).not.toContain('calls python');
  });

  it('are the same for the same results, in whatever order and however long they took', () => {
    const pairs = [{}, { client: 'python', server: 'podwire' }, { client: 'cpp', server: 'podwire' }];
    const slower = pairs.map((pair) => ({ ...pair, results: all.map((one) => ({ ...one, ms: 99 })) }));
    expect(page(...slower.toReversed())).toBe(page(...pairs));
  });
});

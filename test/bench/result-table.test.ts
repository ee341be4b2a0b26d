import { describe, expect, it } from 'vitest';
import { resultTable } from '../../bench/harness/result-table.js';
import { Results } from '../../bench/harness/results.js';
import type { Scenario } from '../../bench/harness/scenario.js';

const calls: Scenario = {
  name: 'large calls',
  unit: 'calls',
  figure: 'perSecond',
  payloadBytes: 1_048_576,
  overhead: 0,
  contenders: () => [],
};

function cells(table: string, who: string): string[] {
  const row = table.split('\n').find((line) => line.includes(`| ${who} `)) ?? '';
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

describe('resultTable', () => {
  const results = new Results();
  for (const perSecond of [80, 100, 120]) {
    results.add('large calls', 'podwire', { perSecond, p50: 10, p99: 20, clientCpu: 1, serverCpu: 2, cpu: 3 });
    results.add('large calls', 'bare net', { perSecond: perSecond * 2, clientCpu: 1, serverCpu: 1, cpu: 2 });
    results.add('large calls', 'tonic', { error: 'tonic | ended\nearly' });
  }
  const table = resultTable([calls], results);

  it('shows median, middle half, throughput and both sides', () => {
    expect(cells(table, 'podwire')).toEqual([
      'large calls',
      'podwire',
      '100 (90-110) calls/s, 100 MiB/s',
      '10',
      '20',
      '1 + 2',
      '',
      '',
      '',
      '0.5x',
    ]);
  });

  it('compares the first row with each other one', () => {
    expect(cells(table, 'bare net').slice(-3)).toEqual(['0.5x', '1.5x', '']);
  });

  it('says why there is no figure, in one cell', () => {
    expect(cells(table, 'tonic')[2]).toBe('failed: tonic / ended early');
    expect(cells(table, 'tonic')).toHaveLength(10);
  });
});

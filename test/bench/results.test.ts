import { describe, expect, it } from 'vitest';
import { Results } from '../../bench/harness/results.js';

describe('Results', () => {
  it('takes ratios within a round', () => {
    const results = new Results();
    // The machine was half as fast in the second round.
    for (const perSecond of [100, 50]) results.add('calls', 'podwire', { perSecond });
    for (const perSecond of [20, 10]) results.add('calls', 'other', { perSecond });
    expect(results.ratio('calls', 'podwire', 'other', 'perSecond')).toEqual({ low: 5, median: 5, high: 5 });
  });

  it('leaves out the rounds in which one of both failed', () => {
    const results = new Results();
    results.add('calls', 'podwire', { perSecond: 100 });
    results.add('calls', 'podwire', { perSecond: 90 });
    results.add('calls', 'other', { error: 'it ended early' });
    results.add('calls', 'other', { perSecond: 30 });
    expect(results.ratio('calls', 'podwire', 'other', 'perSecond')?.median).toBe(3);
    expect(results.failures('calls', 'other')).toEqual({ count: 1, error: 'it ended early' });
    expect(results.failed).toBe(true);
  });

  it('comes back from what was written', () => {
    const results = new Results();
    results.add('calls', 'podwire', { perSecond: 100, p50: 7 });
    const again = Results.from(JSON.parse(JSON.stringify(results.outcomes())));
    expect(again.contenders('calls')).toEqual(['podwire']);
    expect(again.figure('calls', 'podwire', 'p50')?.median).toBe(7);
  });
});

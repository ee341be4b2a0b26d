import { describe, expect, it } from 'vitest';
import type { Figures } from '../../bench/harness/figures.js';
import { goalResults } from '../../bench/harness/goals.js';
import { Results } from '../../bench/harness/results.js';
import { scenarios } from '../../bench/scenarios/index.js';

function goal(text: string, scenario: string, contenders: Record<string, Figures>) {
  const results = new Results();
  for (const [name, figures] of Object.entries(contenders)) results.add(scenario, name, figures);
  return goalResults(results).find((result) => result.scenario === scenario && result.goal === text);
}

describe('goalResults', () => {
  const hundred = 'unary 64 B, 100 in flight';

  it('compares a rate with the best peer', () => {
    const peers = { 'grpc-go': { perSecond: 50 }, tonic: { perSecond: 70 } };
    const text = 'at least 1.5 x the best native peer';
    expect(goal(text, hundred, { podwire: { perSecond: 105 }, ...peers })?.reached).toBe(true);
    expect(goal(text, hundred, { podwire: { perSecond: 104 }, ...peers })).toMatchObject({
      reached: false,
      measured: expect.stringMatching(/^1\.49 x tonic .*without gRPC C\+\+$/),
    });
  });

  it('compares what should be small with the best peer', () => {
    const peers = { 'grpc-go': { cpu: 12 }, 'gRPC C++': { cpu: 20 } };
    const text = "CPU per call at most 2/3 of the best peer's";
    expect(goal(text, hundred, { podwire: { cpu: 8 }, ...peers })?.reached).toBe(true);
    expect(goal(text, hundred, { podwire: { cpu: 9 }, ...peers })?.reached).toBe(false);
  });

  it('judges memory only by 10,000 connections', () => {
    const scenario = 'memory per idle connection, server';
    const text = 'at most 16 KiB, 10,000 connections';
    const figures = { residentPerConnection: 10_000, heapPerConnection: 5_000 };
    expect(goal(text, scenario, { podwire: { ...figures, connections: 10_000 } })?.reached).toBe(true);
    expect(goal(text, scenario, { podwire: { ...figures, connections: 2_000 } })?.reached).toBeUndefined();
    const large = { ...figures, residentPerConnection: 16_385, connections: 10_000 };
    expect(goal(text, scenario, { podwire: large })?.reached).toBe(false);
  });

  it('is about scenarios that there are', () => {
    const names = scenarios.map(({ name }) => name);
    for (const { scenario } of goalResults(new Results())) expect(names).toContain(scenario);
  });

  it('does not judge what was not measured', () => {
    for (const { reached } of goalResults(new Results())) expect(reached).toBeUndefined();
  });
});

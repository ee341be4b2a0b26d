import { describe, expect, it } from 'vitest';
import { mergeProblems } from '../../../../src/csi/hostpath/health/merge-problems.js';

describe('mergeProblems', () => {
  it('has each status and reason once', () => {
    const problem = (status: number, reason: string, message: string) => ({ status, reason, message });
    const merged = mergeProblems([
      problem(1, 'Full', 'at a'),
      problem(2, 'Full', 'at a'),
      problem(1, 'Full', 'at b'),
      problem(1, 'Full', 'at a'),
    ]);
    expect(merged).toEqual([problem(1, 'Full', 'at a; at b'), problem(2, 'Full', 'at a')]);
    expect(mergeProblems([])).toEqual([]);
  });
});

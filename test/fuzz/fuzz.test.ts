import { describe, expect, it } from 'vitest';
import { Random } from './random.js';
import { targets } from './targets/index.js';
import { trafficOf } from './traffic.js';

/** So many inputs of each target, always the same ones; `npm run fuzz` tries others. */
const INPUTS = 100;

describe.each(targets)('$name', ({ run }) => {
  it('takes whatever peers say', () => {
    for (let seed = 1; seed <= INPUTS; seed++) {
      try {
        run(new Random(seed));
      } catch (cause) {
        throw new Error(`seed ${seed}: ${(cause as Error).message}`, { cause });
      }
    }
  });
});

it('begins with what real peers said, in both directions', () => {
  for (const from of ['client', 'server'] as const) expect(trafficOf(from).length).toBeGreaterThan(10);
});

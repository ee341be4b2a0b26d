import type { Scenario } from '../scenario.js';

/** A payload larger than a socket's buffer of old: copies show here. */
export const unary64k: Scenario[] = [
  {
    name: 'unary 64 KiB, 4 in flight',
    inFlight: 4,
    unitsPerOperation: 1,
    unit: 'calls',
    operation: (client) => client.unary(65_536),
  },
];

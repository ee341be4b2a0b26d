import type { Scenario } from '../scenario.js';

/** The call that drivers and sidecars make all day: little in, little out. */
export const unary64b: Scenario[] = [1, 16, 100].map((inFlight) => ({
  name: `unary 64 B, ${inFlight} in flight`,
  inFlight,
  unitsPerOperation: 1,
  unit: 'calls',
  operation: (client) => client.unary(64),
}));

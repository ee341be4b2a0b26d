import { loadScenario } from '../harness/load-scenario.js';

/** The call that drivers and sidecars make all day: little in, little out. */
export const unary64b = [1, 16, 100, 1_000].map((inFlight) =>
  loadScenario({ name: `unary 64 B, ${inFlight.toLocaleString('en')} in flight`, call: 'unary', bytes: 64, inFlight }),
);

import { loadScenario } from '../harness/load-scenario.js';

/** Larger than a stream's first window: flow control shows here. */
export const unary1m = loadScenario({
  name: 'unary 1 MiB, 4 in flight',
  call: 'unary',
  bytes: 1_048_576,
  inFlight: 4,
  // Why: docs/performance.md, "Out of reach".
  nodeOption: '--max-semi-space-size=1',
  payloadBytes: 2 * 1_048_576,
});

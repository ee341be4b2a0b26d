import { loadScenario } from '../harness/load-scenario.js';

/** More than one frame, less than a window: copies show here. */
export const unary64k = loadScenario({
  name: 'unary 64 KiB, 4 in flight',
  call: 'unary',
  bytes: 65_536,
  inFlight: 4,
  // Why: docs/performance.md, "Out of reach".
  nodeOption: '--max-semi-space-size=1',
  payloadBytes: 2 * 65_536,
});

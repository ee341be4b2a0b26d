import { loadScenario } from '../harness/load-scenario.js';

/** Many clients of one server, each with one call at a time. */
export const connections = [100, 1_000].map((count) =>
  loadScenario({
    name: `unary 64 B, ${count.toLocaleString('en')} connections x 1 in flight`,
    call: 'unary',
    bytes: 64,
    inFlight: 1,
    connections: count,
  }),
);

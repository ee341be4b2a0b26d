import { loadScenario } from '../harness/load-scenario.js';

/** Commands over one long call: nothing but a message each way. */
export const pingPong = loadScenario({
  name: 'bidirectional ping-pong, 64 B, 1 call',
  unit: 'round trips',
  call: 'ping-pong',
  messages: 1_000,
  bytes: 64,
  inFlight: 1,
});

import { loadScenario } from '../harness/load-scenario.js';

/** Tools that dial, ask once and go. */
export const connect = loadScenario({
  name: 'connection set-up and one call, 8 at a time',
  unit: 'connections',
  call: 'connect',
  inFlight: 8,
});

import { loadScenario } from '../harness/load-scenario.js';

/** One answer of many messages. */
export const listVolumes = loadScenario({
  name: 'CSI ListVolumes, 1,000 entries, 4 in flight',
  call: 'list-volumes',
  messages: 1_000,
  inFlight: 4,
});

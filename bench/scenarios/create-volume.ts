import { loadScenario } from '../harness/load-scenario.js';

/** Maps and nested messages: protobuf counts as much as the transport. */
export const createVolume = loadScenario({
  name: 'CSI CreateVolume, 100 in flight',
  call: 'create-volume',
  inFlight: 100,
});

import { loadScenario } from '../harness/load-scenario.js';

/** Logs and uploads: many messages from the client. */
export const clientStream = [
  loadScenario({
    name: 'client stream of 64-B messages',
    unit: 'messages',
    call: 'client-stream',
    messages: 1_000,
    bytes: 64,
    inFlight: 4,
  }),
  loadScenario({
    name: 'client stream of 64-KiB messages',
    unit: 'messages',
    call: 'client-stream',
    messages: 100,
    bytes: 65_536,
    inFlight: 4,
    payloadBytes: 65_536,
  }),
];

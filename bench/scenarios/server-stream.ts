import { loadScenario } from '../harness/load-scenario.js';

/** Watching: many messages from the server. */
export const serverStream = [
  loadScenario({
    name: 'server stream of 64-B messages',
    unit: 'messages',
    call: 'server-stream',
    messages: 1_000,
    bytes: 64,
    inFlight: 4,
  }),
  loadScenario({
    name: 'server stream of 64-KiB messages',
    unit: 'messages',
    call: 'server-stream',
    messages: 100,
    bytes: 65_536,
    inFlight: 4,
    payloadBytes: 65_536,
  }),
];

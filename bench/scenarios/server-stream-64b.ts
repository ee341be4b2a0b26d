import type { Scenario } from '../scenario.js';

const MESSAGES = 1_000;

/** Watching: many small messages from the server. */
export const serverStream64b: Scenario[] = [
  {
    name: 'server stream of 64-B messages',
    inFlight: 4,
    unitsPerOperation: MESSAGES,
    unit: 'messages',
    operation: (client) => client.serverStream(MESSAGES, 64),
  },
];

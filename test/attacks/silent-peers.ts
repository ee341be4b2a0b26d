import { inParallel } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

/** Connections on which nothing is ever said. */
export const attack: TestedAttack = {
  name: 'silent peers',
  answer: 'GOAWAY SETTINGS_TIMEOUT',
  reason: 'the peer sent no HTTP/2 SETTINGS',
  run: (connect, signal) =>
    inParallel(500, connect, signal, (offender) => offender.stay(), { greeting: Buffer.alloc(0) }),
};

import { inParallel } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

/** Connections that end as soon as they have begun. */
export const attack: TestedAttack = {
  name: 'connection churn',
  run: (connect, signal) => inParallel(50, connect, signal, async () => {}),
};

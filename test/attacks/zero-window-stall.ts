import { streams, unary } from './call.js';
import { greetingWith, inParallel } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

/** Asks for answers and never opens a window for them. */
export const attack: TestedAttack = {
  name: 'zero-window stall',
  run: (connect, signal) =>
    inParallel(
      10,
      connect,
      signal,
      async (offender) => {
        await offender.send(streams(1, 1_000, (id) => unary(id, 1_024)));
        await offender.stay();
      },
      { greeting: greetingWith([4, 0]) },
    ),
};

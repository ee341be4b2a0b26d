import { streamingOutput, streams, windowUpdate } from './call.js';
import { greetingWith, inParallel } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

/** Windows without bounds, much asked for, and a socket that is not read. The answers wait in their handlers. */
export const attack: TestedAttack = {
  name: 'unread responses',
  run: (connect, signal) =>
    inParallel(
      20,
      connect,
      signal,
      async (offender) => {
        await offender.send(
          windowUpdate(0, 0x7fff0000),
          streams(1, 500, (id) => streamingOutput(id, 1_000, 16_384)),
        );
        await offender.stay();
      },
      { greeting: greetingWith([4, 0x7fffffff]), reads: false },
    ),
};

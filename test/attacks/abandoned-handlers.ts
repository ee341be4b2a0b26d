import { reset, streams, unary } from './call.js';
import { repeatedly } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

/** Calls that are cancelled while their handlers run on: no stream is open, and yet no more handlers may begin. */
export const attack: TestedAttack = {
  name: 'abandoned handlers',
  answer: 'RST_STREAM REFUSED_STREAM',
  run: (connect, signal) =>
    repeatedly(connect, signal, async (offender) => {
      const abandoned = streams(1, 1_000, (id) => Buffer.concat([unary(id, 0, 'CacheableUnaryCall'), reset(id)]));
      await offender.send(
        abandoned,
        streams(2_001, 1_000, (id) => unary(id, 0, 'CacheableUnaryCall')),
      );
      await offender.stay(5_000);
    }),
};

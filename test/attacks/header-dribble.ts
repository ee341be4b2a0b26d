import * as wire from '../http2/wire.js';
import { headerBlock } from './call.js';
import { inParallel } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

const whole = wire.frame(wire.HEADERS, wire.END_HEADERS, 1, headerBlock('EmptyCall', ['filler', 'x'.repeat(10_000)]));

/** Slowloris: a request that comes octet by octet. That it goes on gives it no more time. */
export const attack: TestedAttack = {
  name: 'header dribble',
  answer: 'GOAWAY ENHANCE_YOUR_CALM',
  reason: 'a frame or header block was unfinished',
  run: (connect, signal) =>
    inParallel(100, connect, signal, async (offender) => {
      for (const octet of whole) {
        await offender.send(Buffer.of(octet));
        await offender.stay(10);
        if (!offender.open) return;
      }
    }),
};

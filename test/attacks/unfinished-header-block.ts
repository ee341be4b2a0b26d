import * as wire from '../http2/wire.js';
import { headerBlock } from './call.js';
import { inParallel } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

/** A header block whose last frame does not come. */
export const attack: TestedAttack = {
  name: 'unfinished header block',
  answer: 'GOAWAY ENHANCE_YOUR_CALM',
  reason: 'a frame or header block was unfinished',
  run: (connect, signal) =>
    inParallel(100, connect, signal, async (offender) => {
      await offender.send(wire.frame(wire.HEADERS, 0, 1, headerBlock('EmptyCall')));
      await offender.stay();
    }),
};

import * as wire from '../http2/wire.js';
import { headerBlock } from './call.js';
import { inParallel } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

const whole = wire.frame(wire.HEADERS, wire.END_HEADERS, 1, headerBlock('EmptyCall'));

/** Half a frame, and nothing more. */
export const attack: TestedAttack = {
  name: 'unfinished frame',
  answer: 'GOAWAY ENHANCE_YOUR_CALM',
  reason: 'a frame or header block was unfinished',
  run: (connect, signal) =>
    inParallel(100, connect, signal, async (offender) => {
      await offender.send(whole.subarray(0, whole.length - 5));
      await offender.stay();
    }),
};

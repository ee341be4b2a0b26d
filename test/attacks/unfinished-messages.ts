import { data, framed, header } from './call.js';
import { inParallel } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

const beginning = framed(Buffer.alloc(100 * 1024), 4 * 1024 * 1024);

/** The beginnings of a thousand large messages, of which none becomes whole. */
export const attack: TestedAttack = {
  name: 'unfinished messages',
  answer: 'RST_STREAM REFUSED_STREAM',
  run: (connect, signal) =>
    inParallel(4, connect, signal, async (offender) => {
      for (let id = 1; id < 2_000 && offender.open; id += 2) {
        await offender.send(header(id, 'UnaryCall'), data(id, beginning));
      }
      await offender.stay(2_000);
    }),
};

import { data, framed, header } from './call.js';
import { inParallel } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

const messages = Buffer.concat(Array.from({ length: 100 }, () => framed(Buffer.alloc(1_024))));

/** Messages for handlers that do not read. */
export const attack: TestedAttack = {
  name: 'streams never read',
  answer: 'RST_STREAM REFUSED_STREAM',
  run: (connect, signal) =>
    inParallel(20, connect, signal, async (offender) => {
      for (let id = 1; id < 2_000 && offender.open; id += 2) {
        await offender.send(header(id, 'HalfDuplexCall'), data(id, messages));
      }
      await offender.stay(2_000);
    }),
};

import { header, streams } from './call.js';
import { repeatedly } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

/** More calls than MAX_CONCURRENT_STREAMS, and ever more. */
export const attack: TestedAttack = {
  name: 'too many streams',
  answer: 'RST_STREAM REFUSED_STREAM',
  reason: 'too many streams were reset',
  run: (connect, signal) =>
    repeatedly(connect, signal, async (offender) => {
      for (let id = 1; offender.open; id += 200) {
        await offender.send(streams(id, 100, (each) => header(each, 'FullDuplexCall')));
      }
    }),
};

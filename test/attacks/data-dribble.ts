import { data, framed, header } from './call.js';
import { repeatedly } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

const message = framed(Buffer.alloc(100_000));

/** Messages that come octet by octet, each in a DATA frame of its own. That is allowed. */
export const attack: TestedAttack = {
  name: 'data dribble',
  run: (connect, signal) =>
    repeatedly(connect, signal, async (offender) => {
      await offender.send(header(1, 'StreamingInputCall'));
      while (offender.open) {
        for (let at = 0; at < message.length && offender.open; at += 1_000) {
          const octets = [...message.subarray(at, at + 1_000)];
          await offender.send(...octets.map((octet) => data(1, Buffer.of(octet))));
        }
      }
    }),
};

import { gzipSync } from 'node:zlib';
import { data, framed, header } from './call.js';
import { repeatedly } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

/** Under 100 KB that say 100 MB. */
const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024));
const message = framed(bomb, bomb.length, 1);

export const attack: TestedAttack = {
  name: 'compressed bomb',
  answer: 'grpc-status 8',
  run: (connect, signal) =>
    repeatedly(connect, signal, async (offender) => {
      for (let id = 1; offender.open; id += 2) {
        await offender.send(header(id, 'UnaryCall', ['grpc-encoding', 'gzip']), data(id, message, true));
        // One at a time, as a client has it that waits for the answer: unzipping is what costs.
        await offender.stay(20);
      }
    }),
};

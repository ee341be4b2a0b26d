import { data, framed, header } from './call.js';
import { repeatedly } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

const message = framed(Buffer.alloc(1_000), 0xffffffff);

/** A prefix that announces 4 GiB. */
export const attack: TestedAttack = {
  name: '4 GiB announced',
  answer: 'grpc-status 8',
  run: (connect, signal) =>
    repeatedly(connect, signal, async (offender) => {
      for (let id = 1; offender.open; id += 2) await offender.send(header(id, 'UnaryCall'), data(id, message));
    }),
};

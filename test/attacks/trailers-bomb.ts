import * as wire from '../http2/wire.js';
import { header } from './call.js';
import { repeatedly } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

const fields = Array.from({ length: 2_000 }, (_, index): [string, string] => [`key-${index}`, 'x'.repeat(100)]);
const trailers = wire.block(...fields);

/** 200 KB of trailers behind every request, which mean nothing to gRPC. They are read, since they may change the header table, and dropped. */
export const attack: TestedAttack = {
  name: 'trailers bomb',
  answer: 'grpc-status 12',
  run: (connect, signal) =>
    repeatedly(connect, signal, async (offender) => {
      for (let id = 1; offender.open; id += 2) {
        await offender.send(
          header(id, 'UnaryCall'),
          wire.frame(wire.HEADERS, wire.END_HEADERS | wire.END_STREAM, id, trailers),
        );
      }
    }),
};

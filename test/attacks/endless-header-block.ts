import * as wire from '../http2/wire.js';
import { flood } from './flood.js';

const beginning = wire.frame(wire.HEADERS, 0, 1, Buffer.alloc(0));
const continuation = wire.frame(wire.CONTINUATION, 0, 1, Buffer.alloc(16_384));

/** A header block that never ends, in large frames. */
export const attack = {
  ...flood('endless header block', continuation, { first: beginning }),
  reason: 'a header block is over 262144 octets',
};

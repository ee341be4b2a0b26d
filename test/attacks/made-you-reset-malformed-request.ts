import { header } from './call.js';
import { resetFlood } from './reset-flood.js';

/** CVE-2025-8671: a request with a field that HTTP/2 forbids (RFC 9113 section 8.2.2). */
export const attack = resetFlood('made you reset: malformed request', (id) =>
  header(id, 'FullDuplexCall', ['connection', 'keep-alive']),
);

/**
 * A header block that RFC 7541 does not allow. Both sides' tables are out of step from here on, so the connection must
 * end with COMPRESSION_ERROR (RFC 9113 section 4.3).
 */
export class HpackError extends Error {
  override readonly name = 'HpackError';
}

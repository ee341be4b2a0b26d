/** Octets before each message: Compressed-Flag and Message-Length (PROTOCOL-HTTP2.md). */
export const MESSAGE_PREFIX_LENGTH = 5;

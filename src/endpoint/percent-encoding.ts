/** Bytes of `text` with every `%XX` decoded (RFC 3986 section 2.1), or undefined when an escape is malformed. */
export function percentDecode(text: string): Uint8Array | undefined {
  const raw = Buffer.from(text, 'utf8');
  const decoded = Buffer.alloc(raw.length);
  let length = 0;
  for (let index = 0; index < raw.length; index++) {
    let byte = raw[index]!;
    if (byte === 0x25) {
      const digits = raw.toString('latin1', index + 1, index + 3);
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return undefined;
      byte = Number.parseInt(digits, 16);
      index += 2;
    }
    decoded[length++] = byte;
  }
  return new Uint8Array(decoded.subarray(0, length));
}

/**
 * `bytes` as text, with `%XX` for whatever is not visible ASCII, for `%` itself, and for `?` and `#`, at which a URI
 * parser would cut the name (RFC 3986 section 3).
 */
export function percentEncode(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const visible = byte > 0x20 && byte < 0x7f && byte !== 0x25 && byte !== 0x3f && byte !== 0x23;
    text += visible ? String.fromCharCode(byte) : percentEscape(byte);
  }
  return text;
}

/** `%XX` of one byte. */
export function percentEscape(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

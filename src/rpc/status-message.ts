const hexDigits = '0123456789ABCDEF';

/**
 * A status text as `grpc-message`: UTF-8, percent-encoded outside printable ASCII (PROTOCOL-HTTP2.md, Status-Message).
 * Spaces at either end are encoded too, because RFC 9113 section 8.2.1 forbids them there. A lone surrogate becomes U+FFFD.
 */
export function encodeStatusMessage(text: string): string {
  if (isPlain(text)) {
    return text;
  }
  const bytes = Buffer.from(text, 'utf8');
  const last = bytes.length - 1;
  let encoded = '';
  for (let index = 0; index <= last; index++) {
    const byte = bytes[index]!;
    const outerSpace = byte === 0x20 && (index === 0 || index === last);
    encoded +=
      byte < 0x20 || byte > 0x7e || byte === 0x25 || outerSpace
        ? `%${hexDigits[byte >> 4]}${hexDigits[byte & 0xf]}`
        : String.fromCharCode(byte);
  }
  return encoded;
}

/**
 * The text of a received `grpc-message`. Never throws: a broken escape stays as it is, bytes that are not UTF-8 become
 * U+FFFD, and UTF-8 that was sent without escapes is read as such.
 */
export function decodeStatusMessage(text: string): string {
  let index = 0;
  while (index < text.length && text.charCodeAt(index) !== 0x25 && text.charCodeAt(index) < 0x80) {
    index++;
  }
  if (index === text.length) {
    return text;
  }
  // Received field values are latin1 strings: one character per octet.
  const bytes = Buffer.from(text, 'latin1');
  let length = index;
  for (; index < bytes.length; index++) {
    const byte = bytes[index]!;
    if (byte === 0x25 && index + 2 < bytes.length) {
      const high = hexValue(bytes[index + 1]!);
      const low = hexValue(bytes[index + 2]!);
      if (high >= 0 && low >= 0) {
        bytes[length++] = high * 16 + low;
        index += 2;
        continue;
      }
    }
    bytes[length++] = byte;
  }
  return bytes.toString('utf8', 0, length);
}

function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === 0x25) {
      return false;
    }
  }
  return text.charCodeAt(0) !== 0x20 && text.charCodeAt(text.length - 1) !== 0x20;
}

/** -1 when the octet is no hexadecimal digit. */
function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) {
    return byte - 0x30;
  }
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Octets of a header section as SETTINGS_MAX_HEADER_LIST_SIZE counts them, RFC 9113 section 6.5.2. Names and values are ASCII. */
export function headerListSize(fields: readonly string[]): number {
  let size = fields.length * 16;
  for (const text of fields) size += text.length;
  return size;
}

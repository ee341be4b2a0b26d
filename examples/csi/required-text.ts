import { invalidArgument } from './invalid-argument.js';

/** CSI 1.13, "Size Limits": strings have at most 128 bytes unless the field says otherwise. */
const LONGEST = 128;

/** @throws RpcError INVALID_ARGUMENT when the field is empty, too long, or has control characters. */
export function requiredText(field: string, text: string): string {
  if (text === '') throw invalidArgument(field, 'is required');
  const length = Buffer.byteLength(text);
  if (length > LONGEST) throw invalidArgument(field, `has ${length} bytes; at most ${LONGEST} are allowed`);
  if (/\p{Cc}/u.test(text)) throw invalidArgument(field, 'has control characters');
  return text;
}

/** Length of the request with this header, length of an answer, number of answers: three 32-bit numbers. */
export const REQUEST_HEADER = 12;

/** A request of `bytes` octets, but at least its header, that asks for `answers` times `answerBytes` octets. */
export function request(bytes: number, answerBytes: number, answers: number): Buffer {
  const made = Buffer.alloc(Math.max(bytes, REQUEST_HEADER), 'a');
  made.writeUInt32LE(made.length, 0);
  made.writeUInt32LE(answerBytes, 4);
  made.writeUInt32LE(answers, 8);
  return made;
}

import { Code } from '../../../src/rpc/code.js';
import { decompress } from '../../../src/rpc/compression.js';
import { MessageAssembler } from '../../../src/rpc/message-assembler.js';
import { RpcError } from '../../../src/rpc/rpc-error.js';
import { check } from '../check.js';
import { cut } from '../cut.js';
import type { FuzzTarget } from '../fuzz-target.js';
import { mutateOctets } from '../mutate-octets.js';
import type { Random } from '../random.js';

const LIMIT = 5_000;

/** Octets of messages, in one piece and in many: the same messages come out, or the same error. */
export const messageAssembler: FuzzTarget = {
  name: 'message-assembler',
  run(random: Random): void {
    const messages = Array.from({ length: random.below(8) }, () => {
      const payload = random.octets(random.pick([0, 1, 10, 300, LIMIT, LIMIT + 1]));
      const prefix = Buffer.alloc(5);
      prefix[0] = random.below(2);
      prefix.writeUInt32BE(payload.length, 1);
      return Buffer.concat([prefix, payload]);
    });
    const sent = Buffer.concat(messages);
    const octets = random.once(2) ? sent : mutateOctets(sent, random);
    const whole = assemble([octets]);
    const pieces = assemble(cut(octets, random));
    check(whole === pieces, `in one piece: ${whole}; in pieces: ${pieces}`);
    try {
      decompress('gzip', mutateOctets(octets.subarray(5, 400), random), LIMIT);
    } catch (error) {
      checkError(error);
    }
  },
};

function checkError(error: unknown): asserts error is RpcError {
  check(error instanceof RpcError, `${error} is no RpcError`);
  check(error.code === Code.INTERNAL || error.code === Code.RESOURCE_EXHAUSTED, `the code is ${error.code}`);
}

/** What came out, in words. */
function assemble(pieces: readonly Uint8Array[]): string {
  const assembler = new MessageAssembler(LIMIT);
  const heard: string[] = [];
  try {
    for (const piece of pieces) {
      assembler.push(piece, (payload, compressed) => {
        check(payload.length <= LIMIT, 'a message passed the limit');
        heard.push(`${compressed} ${Buffer.from(payload).toString('base64')}`);
      });
      check(assembler.partialLength <= LIMIT + 5, 'an unfinished message passed the limit');
    }
    assembler.end();
  } catch (error) {
    checkError(error);
    heard.push(error.message);
  }
  return heard.join('; ');
}

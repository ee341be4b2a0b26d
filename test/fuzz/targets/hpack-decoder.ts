import { HpackDecoder } from '../../../src/http2/hpack/hpack-decoder.js';
import { HpackEncoder } from '../../../src/http2/hpack/hpack-encoder.js';
import { HpackError } from '../../../src/http2/hpack/hpack-error.js';
import * as wire from '../../http2/wire.js';
import { check } from '../check.js';
import type { FuzzTarget } from '../fuzz-target.js';
import { framesOf } from '../mutate-frames.js';
import { mutateOctets } from '../mutate-octets.js';
import type { Random } from '../random.js';
import { trafficOf } from '../traffic.js';

const LIMIT = 4_096;

/** The header blocks of each recorded connection, which share a table. */
const recorded = (['client', 'server'] as const)
  .flatMap((from) => trafficOf(from).map((octets) => framesOf(octets, from)))
  .map((frames) => frames.filter(({ type }) => type === wire.HEADERS).map(({ payload }) => payload))
  .filter((blocks) => blocks.length > 0);

/** Recorded header blocks, some changed: a decoder gives a list within its limit, or an HpackError. */
export const hpackDecoder: FuzzTarget = {
  name: 'hpack-decoder',
  run(random: Random): void {
    const blocks = random
      .pick(recorded)
      .slice(0, 1 + random.below(12))
      .map((block) => (random.once(3) ? mutateOctets(block, random) : block));
    const [left, right] = [
      new HpackDecoder({ maxHeaderListSize: LIMIT }),
      new HpackDecoder({ maxHeaderListSize: LIMIT }),
    ];
    for (const block of blocks) {
      const fields = decode(left, block);
      // The same block within other octets means the same.
      const shifted = Buffer.concat([random.octets(3), block, random.octets(3)]);
      const again = decode(right, shifted, 3, 3 + block.length);
      check(JSON.stringify(fields) === JSON.stringify(again), 'a block means something else at another place');
      if (fields === undefined) return;
      let size = 0;
      for (let index = 0; index < fields.length; index += 2) {
        size += (fields[index] as string).length + (fields[index + 1] as string).length + 32;
      }
      check(size <= LIMIT, `a list of ${size} octets passed the limit`);
      checkRoundTrip(fields);
    }
  },
};

function decode(decoder: HpackDecoder, block: Uint8Array, from = 0, to = block.length): string[] | undefined {
  try {
    return decoder.decode(block, from, to);
  } catch (error) {
    if (error instanceof HpackError) return undefined;
    throw error;
  }
}

/** What was decoded can be said again, unless it has what may not be sent. */
function checkRoundTrip(fields: string[]): void {
  let block: Uint8Array;
  try {
    block = new HpackEncoder().encode(fields);
  } catch (error) {
    check(error instanceof TypeError, `the encoder throws ${error}`);
    return;
  }
  const again = new HpackDecoder({ maxHeaderListSize: LIMIT }).decode(block);
  check(JSON.stringify(again) === JSON.stringify(fields), 'what was decoded is encoded to something else');
}

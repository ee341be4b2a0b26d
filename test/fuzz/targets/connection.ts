import * as wire from '../../http2/wire.js';
import { check } from '../check.js';
import { cut } from '../cut.js';
import type { FuzzTarget } from '../fuzz-target.js';
import { framesOf, mutateFrames } from '../mutate-frames.js';
import { type Manners, ObservedConnection } from '../observed-connection.js';
import type { Random } from '../random.js';
import { trafficOf } from '../traffic.js';

const behaviours: Manners['ofStream'] = ['read', 'hold', 'answer', 'reset', 'widen', 'finish'];

/** A connection of one role, fed with what recorded peers said, changed: see `mutateFrames`. */
export function connectionTarget(role: 'client' | 'server'): FuzzTarget {
  const from = role === 'client' ? 'server' : 'client';
  const recorded = trafficOf(from).map((octets) => framesOf(octets, from));
  const all = recorded.flat();
  return {
    name: `connection-${role}`,
    run(random: Random): void {
      const mutated = mutateFrames(random.pick(recorded), all, random);
      const octets = role === 'server' ? Buffer.concat([wire.PREFACE, mutated]) : mutated;
      const manners: Manners = {
        role,
        streamWindow: random.pick([65_535, 100_000]),
        takes: !random.once(3),
        ofStream: Array.from({ length: 1 + random.below(4) }, () => random.pick(behaviours)),
        sends: random.pick([0, 10, 70_000, 200_000]),
      };
      const whole = new ObservedConnection(manners);
      whole.receive([octets]);
      const pieces = new ObservedConnection(manners);
      pieces.receive(cut(octets, random));
      const [one, other] = [whole.events, pieces.events];
      const at = one.findIndex((event, index) => event !== other[index]);
      check(
        one.length === other.length && at < 0,
        () => `cut in pieces, event ${at} is ${other[at < 0 ? one.length : at]} instead of ${one[at]}`,
      );
      const content = pieces.content();
      for (const [id, expected] of whole.content()) {
        check(content.get(id) === expected, `cut in pieces, stream ${id} has other octets`);
      }
      whole.finish();
      pieces.finish();
    },
  };
}

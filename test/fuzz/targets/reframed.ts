import * as wire from '../../http2/wire.js';
import { check } from '../check.js';
import type { FuzzTarget } from '../fuzz-target.js';
import { framesOf } from '../mutate-frames.js';
import { type Manners, ObservedConnection } from '../observed-connection.js';
import type { Random } from '../random.js';
import { trafficOf } from '../traffic.js';

/** What a peer may put between any two frames that are no header block. */
function idle(id: number, random: Random): wire.Frame {
  switch (random.below(3)) {
    case 0:
      return { type: 0xbe, flags: random.below(256), id: random.below(9), payload: random.octets(random.below(30)) };
    case 1:
      return { type: wire.PING, flags: 0, id: 0, payload: random.octets(8) };
    default:
      return { type: wire.PRIORITY, flags: 0, id: id === 0 ? 1 : id, payload: Buffer.alloc(5) };
  }
}

function padded(frame: wire.Frame, random: Random): wire.Frame {
  const padding = random.pick([0, 1, 255]);
  const payload = Buffer.concat([Buffer.of(padding), frame.payload, Buffer.alloc(padding)]);
  return { ...frame, flags: frame.flags | wire.PADDED, payload };
}

/** The same DATA in several frames, of which only the last ends the stream. */
function divided(frame: wire.Frame, random: Random): wire.Frame[] {
  const at = random.below(frame.payload.length + 1);
  const first = { ...frame, flags: frame.flags & ~wire.END_STREAM, payload: frame.payload.subarray(0, at) };
  return [first, { ...frame, payload: frame.payload.subarray(at) }];
}

/** The same header block in several frames. */
function continued(frame: wire.Frame, random: Random): wire.Frame[] {
  const at = random.below(frame.payload.length + 1);
  const first = { ...frame, flags: frame.flags & ~wire.END_HEADERS, payload: frame.payload.subarray(0, at) };
  return [first, { ...frame, type: wire.CONTINUATION, flags: wire.END_HEADERS, payload: frame.payload.subarray(at) }];
}

function reframe(frame: wire.Frame, random: Random): wire.Frame[] {
  const plain = (frame.flags & (wire.PADDED | wire.PRIORITY_FLAG)) === 0;
  let frames = [frame];
  if (plain && frame.type === wire.DATA) {
    if (random.once(2)) frames = divided(frame, random);
    frames = frames.map((part) => (random.once(2) ? padded(part, random) : part));
  } else if (plain && frame.type === wire.HEADERS && (frame.flags & wire.END_HEADERS) !== 0) {
    if (random.once(3)) return [padded(frame, random)];
    if (random.once(2)) frames = continued(frame, random);
  }
  return frames;
}

/** What was recorded, in other frames that say the same (RFC 9113 sections 4.1, 6.1, 6.2 and 6.10): it has to mean the same. */
export function reframedTarget(role: 'client' | 'server'): FuzzTarget {
  const from = role === 'client' ? 'server' : 'client';
  const recorded = trafficOf(from).map((octets) => framesOf(octets, from));
  return {
    name: `reframed-${role}`,
    run(random: Random): void {
      const frames = random.pick(recorded);
      const manners: Manners = { role, streamWindow: 100_000, takes: true, ofStream: ['answer', 'finish'], sends: 10 };
      const said = (all: readonly wire.Frame[]): ObservedConnection => {
        const octets = all.map(({ type, flags, id, payload }) => wire.frame(type, flags, id, payload));
        const connection = new ObservedConnection(manners);
        connection.receive([Buffer.concat(role === 'server' ? [wire.PREFACE, ...octets] : octets)]);
        return connection;
      };
      let begun = false;
      const changed = frames.flatMap((frame) => {
        const between = begun && random.once(4) && frame.type !== wire.CONTINUATION ? [idle(frame.id, random)] : [];
        begun = true;
        return [...between, ...reframe(frame, random)];
      });
      const [one, other] = [said(frames), said(changed)];
      const at = one.events.findIndex((event, index) => event !== other.events[index]);
      check(
        at < 0 && one.events.length === other.events.length,
        () =>
          `in other frames, event ${at} is ${other.events.at(at < 0 ? one.events.length : at)} instead of ${one.events.at(at)}`,
      );
      const content = other.content();
      for (const [id, expected] of one.content()) {
        check(content.get(id) === expected, `in other frames, stream ${id} has other octets`);
      }
      one.finish();
      other.finish();
    },
  };
}

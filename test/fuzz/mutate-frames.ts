import * as wire from '../http2/wire.js';
import { mutateOctets } from './mutate-octets.js';
import type { Random } from './random.js';

const values = [0, 1, 2, 3, 4_096, 16_383, 16_384, 65_535, 65_536, 0x7ffffffe, 0x7fffffff, 0x80000000, 0xffffffff];
const errorCodes = [0, 1, 7, 8, 11, 99];

/** Cuts what was recorded into frames; a client's preface is left out. */
export function framesOf(octets: Buffer, from: 'client' | 'server'): readonly wire.Frame[] {
  return new wire.FrameLog(from === 'client').add(octets);
}

function octetsOf({ type, flags, id, payload }: wire.Frame): Buffer {
  return wire.frame(type, flags, id, payload);
}

/** A frame as a peer might send it that means no good. */
function invented(id: number, random: Random): wire.Frame {
  const made = (type: number, flags: number, payload: Buffer = Buffer.alloc(0), on = id) => ({
    type,
    flags,
    id: on,
    payload,
  });
  switch (random.below(11)) {
    case 0:
      return made(wire.WINDOW_UPDATE, 0, wire.uint32(random.pick(values)), random.once(2) ? 0 : id);
    case 1: {
      const [parameter] = framesOf(wire.settings([random.below(8), random.pick(values)]), 'server');
      return parameter as wire.Frame;
    }
    case 2:
      return made(wire.RST_STREAM, 0, wire.uint32(random.pick(errorCodes)));
    case 3:
      return made(wire.PING, random.below(2), random.octets(8), 0);
    case 4:
      return made(wire.GOAWAY, 0, wire.uint32(random.pick(values), random.pick(errorCodes)), 0);
    case 5:
      return made(wire.DATA, random.below(2), random.octets(random.below(50)));
    case 6:
      return made(wire.PRIORITY, 0, random.octets(5));
    case 7:
      return made(wire.CONTINUATION, random.below(2) * wire.END_HEADERS, random.octets(random.below(20)));
    case 8:
      return made(wire.HEADERS, wire.END_HEADERS | random.below(2), wire.block(...wire.requestFields));
    case 9:
      return made(wire.HEADERS, wire.END_HEADERS | random.below(2), wire.block(['grpc-status', '0']));
    default:
      return made(random.below(256), random.below(256), random.octets(random.below(30)));
  }
}

/** The same header block in several frames. */
function continued(frame: wire.Frame, random: Random): wire.Frame[] {
  const at = random.below(frame.payload.length + 1);
  const first = { ...frame, flags: frame.flags & ~wire.END_HEADERS, payload: frame.payload.subarray(0, at) };
  const rest = { ...frame, type: wire.CONTINUATION, flags: wire.END_HEADERS, payload: frame.payload.subarray(at) };
  return [first, rest];
}

/** The same DATA with padding. */
function padded(frame: wire.Frame, random: Random): wire.Frame {
  const padding = random.below(256);
  const payload = Buffer.concat([Buffer.of(padding), frame.payload, Buffer.alloc(padding)]);
  return { ...frame, flags: frame.flags | wire.PADDED, payload };
}

/**
 * What was recorded with frames left out, doubled, exchanged, changed, invented and taken from elsewhere; sometimes with
 * octets that are no frames.
 */
export function mutateFrames(recorded: readonly wire.Frame[], others: readonly wire.Frame[], random: Random): Buffer {
  const frames = [...recorded];
  for (let count = random.below(8); count > 0; count--) {
    const at = random.below(frames.length);
    const frame = frames[at];
    if (frame === undefined) break;
    switch (random.below(12)) {
      case 0:
        frames.splice(at, 1);
        break;
      case 1:
        frames.splice(at, 0, frame);
        break;
      case 2: {
        const other = random.below(frames.length);
        frames[at] = frames[other] as wire.Frame;
        frames[other] = frame;
        break;
      }
      case 3:
        frames[at] = { ...frame, flags: frame.flags ^ (1 << random.below(8)) };
        break;
      case 4:
        frames[at] = { ...frame, id: random.once(4) ? random.pick(values) >>> 1 : random.below(12) };
        break;
      case 5:
        frames[at] = { ...frame, payload: mutateOctets(frame.payload, random) };
        break;
      case 6:
        if (frame.type === wire.HEADERS) frames.splice(at, 1, ...continued(frame, random));
        else if (frame.type === wire.DATA) frames[at] = padded(frame, random);
        break;
      case 7:
        frames.splice(at, 0, random.pick(others));
        break;
      case 8:
        frames.splice(at, 0, ...Array.from({ length: random.pick([2, 10, 300]) }, () => frame));
        break;
      default:
        frames.splice(at, 0, invented(random.once(3) ? random.below(12) : frame.id, random));
    }
  }
  const octets = Buffer.concat(frames.map(octetsOf));
  return random.once(4) ? mutateOctets(octets, random) : octets;
}

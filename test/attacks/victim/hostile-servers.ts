import { gzipSync } from 'node:zlib';
import * as wire from '../../http2/wire.js';
import { data, framed, windowUpdate } from '../call.js';
import type { Offender } from '../offender.js';
import type { HostileServer } from './hostile-server.js';

const CALM = 'GOAWAY ENHANCE_YOUR_CALM';
const INITIAL_WINDOW_SIZE = 4;
const MAX_CONCURRENT_STREAMS = 3;

const header = wire.response(1, false, ['content-type', 'application/grpc']);
const compressedHeader = wire.response(1, false, ['content-type', 'application/grpc'], ['grpc-encoding', 'gzip']);
const acknowledgement = wire.frame(wire.SETTINGS, wire.ACK, 0);
const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024));

/** Says `first`, and then `again` for ever, a thousand times in one write. */
function endless(again: Uint8Array, first: Uint8Array = header): (client: Offender) => Promise<void> {
  const batch = Buffer.concat(Array.from({ length: 1_000 }, () => again));
  return async (client) => {
    await client.send(first);
    while (client.open) await client.send(batch);
  };
}

/** Says it, and then nothing more. */
function once(...bytes: Uint8Array[]): (client: Offender) => Promise<void> {
  return async (client) => {
    await client.send(...bytes);
    await client.stay();
  };
}

function flood(name: string, frame: Uint8Array, first?: Uint8Array): HostileServer {
  return { name, play: endless(frame, first), status: 'UNAVAILABLE', answer: CALM };
}

/** A field of nearly 4 KiB for the header table, and a list that names it 200,000 times. */
function hpackBomb(): Buffer {
  const length = Buffer.of(0x7f, ((3_900 - 127) & 0x7f) | 0x80, (3_900 - 127) >> 7);
  const insertion = Buffer.concat([Buffer.of(0x40, 1, 0x62), length, Buffer.alloc(3_900, 'x')]);
  return Buffer.concat([wire.block([':status', '200']), insertion, Buffer.alloc(200_000, 0x80 | 62)]);
}

export const hostileServers: readonly HostileServer[] = [
  {
    name: 'PUSH_PROMISE, although push is off',
    play: once(
      wire.frame(
        wire.PUSH_PROMISE,
        wire.END_HEADERS,
        1,
        Buffer.concat([wire.uint32(2), wire.block(...wire.requestFields)]),
      ),
    ),
    status: 'UNAVAILABLE',
    answer: 'GOAWAY PROTOCOL_ERROR',
  },
  {
    name: 'an oversized header list',
    play: once(
      wire.response(
        1,
        false,
        ...Array.from({ length: 20 }, (_, index): [string, string] => [`x-${index}`, 'x'.repeat(10_000)]),
      ),
    ),
    status: 'RESOURCE_EXHAUSTED',
    answer: 'RST_STREAM CANCEL',
  },
  {
    name: 'an HPACK bomb',
    play: once(wire.frame(wire.HEADERS, wire.END_HEADERS, 1, hpackBomb())),
    status: 'RESOURCE_EXHAUSTED',
    answer: 'RST_STREAM CANCEL',
  },
  {
    name: 'oversized trailers',
    play: once(
      header,
      wire.frame(wire.HEADERS, wire.END_HEADERS | wire.END_STREAM, 1, wire.block(['x', 'x'.repeat(200_000)])),
    ),
    status: 'RESOURCE_EXHAUSTED',
  },
  flood(
    'a CONTINUATION flood',
    wire.frame(wire.CONTINUATION, 0, 1),
    wire.frame(wire.HEADERS, 0, 1, wire.block([':status', '200'])),
  ),
  flood(
    'trailers without an end',
    wire.frame(wire.CONTINUATION, 0, 1, Buffer.alloc(16_384)),
    Buffer.concat([header, wire.frame(wire.HEADERS, wire.END_STREAM, 1, wire.block(['grpc-status', '0']))]),
  ),
  flood(
    'informational responses without an end',
    wire.frame(wire.HEADERS, wire.END_HEADERS, 1, wire.block([':status', '103'])),
    Buffer.alloc(0),
  ),
  flood('a PING flood', wire.frame(wire.PING, 0, 0, Buffer.alloc(8))),
  flood('a SETTINGS flood', wire.settings()),
  flood('a WINDOW_UPDATE flood', windowUpdate(0, 1)),
  flood('an empty DATA flood', wire.frame(wire.DATA, 0, 1)),
  flood('an unknown frame flood', wire.frame(0xbe, 0, 0)),
  flood('a GOAWAY flood', wire.frame(wire.GOAWAY, 0, 0, wire.uint32(0x7fffffff, 0))),
  flood(
    'SETTINGS_INITIAL_WINDOW_SIZE flapping',
    Buffer.concat([wire.settings([INITIAL_WINDOW_SIZE, 0]), wire.settings([INITIAL_WINDOW_SIZE, 1_000])]),
  ),
  { ...flood('unread replies', wire.frame(wire.PING, 0, 0, Buffer.alloc(8))), reads: false, answer: undefined },
  {
    name: '4 GiB announced',
    play: once(header, data(1, framed(Buffer.alloc(1_000), 0xffffffff))),
    status: 'RESOURCE_EXHAUSTED',
    answer: 'RST_STREAM CANCEL',
  },
  {
    name: 'a compressed bomb',
    play: once(
      compressedHeader,
      data(1, framed(bomb, bomb.length, 1)),
      wire.frame(wire.HEADERS, wire.END_HEADERS | wire.END_STREAM, 1, wire.block(['grpc-status', '0'])),
    ),
    status: 'RESOURCE_EXHAUSTED',
  },
  {
    name: 'DATA beyond the window',
    play: once(header, ...Array.from({ length: 20 }, () => data(1, framed(Buffer.alloc(100_000))))),
    status: 'INTERNAL',
    answer: 'RST_STREAM FLOW_CONTROL_ERROR',
  },
  {
    name: 'more than one response',
    play: endless(data(1, framed(Buffer.alloc(0)))),
    status: 'UNIMPLEMENTED',
    answer: 'RST_STREAM CANCEL',
  },
  { name: 'data dribble', play: dribble, status: 'DEADLINE_EXCEEDED', answer: 'RST_STREAM CANCEL' },
  {
    name: 'a window that never opens',
    greeting: Buffer.concat([wire.settings([INITIAL_WINDOW_SIZE, 0]), acknowledgement]),
    play: once(),
    status: 'DEADLINE_EXCEEDED',
    answer: 'RST_STREAM CANCEL',
  },
  {
    name: 'no streams at all',
    greeting: Buffer.concat([wire.settings([MAX_CONCURRENT_STREAMS, 0]), acknowledgement]),
    play: once(),
    atOnce: true,
    status: 'DEADLINE_EXCEEDED',
  },
  {
    name: 'silence',
    greeting: Buffer.alloc(0),
    atOnce: true,
    play: once(),
    status: 'UNAVAILABLE',
    answer: 'GOAWAY SETTINGS_TIMEOUT',
  },
  {
    name: 'an unfinished frame',
    play: once(header.subarray(0, header.length - 3)),
    status: 'UNAVAILABLE',
    answer: CALM,
  },
];

/** A message of 4 MiB, octet by octet. */
async function dribble(client: Offender): Promise<void> {
  await client.send(header, data(1, framed(Buffer.alloc(0), 4 * 1024 * 1024)));
  const octet = data(1, Buffer.of(0));
  while (client.open) {
    await client.send(octet);
    await client.stay(1);
  }
}

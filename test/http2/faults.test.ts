import { describe, expect, it } from 'vitest';
import { client, Endpoint, requestHeader, responseHeader, server } from './endpoint.js';
import * as wire from './wire.js';
import { block, frame, request, response, settings, uint32 } from './wire.js';

/**
 * The rules of RFC 9113 that name an error, as a table: what a peer does, and the frame it gets for it. The connection has
 * one open stream, 1, whose request (response) header section has come; 3 was never opened.
 */
interface Fault {
  rule: string;
  frames: Uint8Array[];
  /** A GOAWAY for a connection error, RST_STREAM for a stream error, nothing when the frame is to be ignored. */
  expected: string[];
}

const { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION } = wire;
const { ACK, END_STREAM, END_HEADERS, PADDED, PRIORITY_FLAG } = wire;
const octets = (length: number) => Buffer.alloc(length);
const reset = (id: number, code = 8) => frame(RST_STREAM, 0, id, uint32(code));
const windowUpdate = (id: number, increment: number) => frame(WINDOW_UPDATE, 0, id, uint32(increment));

const goaway = (code: string, last: number) => [`GOAWAY ${last} ${code}`];
const resets = (code: string, id = 1) => [`RST_STREAM ${id} ${code}`];

/** Faults that both sides see the same way. `last` is the last stream that the GOAWAY of this side names. */
const common = (last: number): Fault[] => [
  // Section 4.1, 4.2: frame header and size.
  {
    rule: 'DATA over the frame size',
    frames: [frame(DATA, 0, 1, octets(16_385))],
    expected: goaway('FRAME_SIZE_ERROR', last),
  },
  {
    rule: 'a header block over the frame size',
    frames: [frame(HEADERS, 4, 1, octets(16_385))],
    expected: goaway('FRAME_SIZE_ERROR', last),
  },
  {
    rule: 'an unknown frame over the frame size',
    frames: [frame(0x42, 0, 1, octets(16_385))],
    expected: goaway('FRAME_SIZE_ERROR', last),
  },
  { rule: 'an unknown frame', frames: [frame(0x42, 0xff, 1, octets(100)), frame(0xff, 0, 0)], expected: [] },
  { rule: 'unknown flags', frames: [frame(PING, 0xfe, 0, octets(8))], expected: ['PING ACK 0000000000000000'] },
  { rule: 'a reserved bit that is set', frames: [Buffer.from('000004080080000001000000ff', 'hex')], expected: [] },
  // Section 4.3: header blocks.
  {
    rule: 'a broken header block',
    frames: [frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.of(0x80))],
    expected: goaway('COMPRESSION_ERROR', last),
  },
  {
    rule: 'a frame between HEADERS and CONTINUATION',
    frames: [frame(HEADERS, END_STREAM, 1), frame(PING, 0, 0, octets(8))],
    expected: goaway('PROTOCOL_ERROR', last),
  },
  {
    rule: 'an unknown frame between HEADERS and CONTINUATION',
    frames: [frame(HEADERS, END_STREAM, 1), frame(0x42, 0, 0)],
    expected: goaway('PROTOCOL_ERROR', last),
  },
  {
    rule: 'CONTINUATION of another stream',
    frames: [frame(HEADERS, END_STREAM, 1), frame(CONTINUATION, 4, 3)],
    expected: goaway('PROTOCOL_ERROR', last),
  },
  // Section 6.1: DATA.
  { rule: 'DATA on stream 0', frames: [frame(DATA, 0, 0, octets(1))], expected: goaway('PROTOCOL_ERROR', last) },
  { rule: 'DATA on an idle stream', frames: [frame(DATA, 0, 3, octets(1))], expected: goaway('PROTOCOL_ERROR', last) },
  {
    rule: 'padded DATA without a pad length',
    frames: [frame(DATA, PADDED, 1)],
    expected: goaway('FRAME_SIZE_ERROR', last),
  },
  {
    rule: 'padding as long as the DATA frame',
    frames: [frame(DATA, PADDED, 1, Buffer.of(3, 0, 0))],
    expected: goaway('PROTOCOL_ERROR', last),
  },
  { rule: 'DATA that is all padding', frames: [frame(DATA, PADDED, 1, Buffer.of(2, 0, 0))], expected: [] },
  {
    rule: 'DATA after END_STREAM',
    frames: [frame(DATA, END_STREAM, 1), frame(DATA, 0, 1, octets(1))],
    expected: resets('STREAM_CLOSED'),
  },
  // Section 6.2: HEADERS.
  {
    rule: 'HEADERS on stream 0',
    frames: [frame(HEADERS, END_HEADERS, 0, block([':status', '200']))],
    expected: goaway('PROTOCOL_ERROR', last),
  },
  {
    rule: 'padded HEADERS without a pad length',
    frames: [frame(HEADERS, END_HEADERS | PADDED, 1)],
    expected: goaway('FRAME_SIZE_ERROR', last),
  },
  {
    rule: 'padding longer than the HEADERS frame',
    frames: [frame(HEADERS, END_HEADERS | PADDED, 1, Buffer.of(3, 0, 0))],
    expected: goaway('PROTOCOL_ERROR', last),
  },
  {
    rule: 'padding longer than what the priority leaves',
    frames: [frame(HEADERS, END_HEADERS | PADDED | PRIORITY_FLAG, 1, Buffer.of(1, 0, 0, 0, 0, 0))],
    expected: goaway('PROTOCOL_ERROR', last),
  },
  {
    rule: 'HEADERS too short for their priority',
    frames: [frame(HEADERS, END_HEADERS | PRIORITY_FLAG, 1, octets(4))],
    expected: goaway('FRAME_SIZE_ERROR', last),
  },
  {
    rule: 'HEADERS that depend on themselves',
    frames: [frame(HEADERS, END_HEADERS | PRIORITY_FLAG, 1, Buffer.of(0, 0, 0, 1, 0))],
    expected: goaway('PROTOCOL_ERROR', last),
  },
  {
    rule: 'a second header section without END_STREAM',
    frames: [frame(HEADERS, END_HEADERS, 1, block(['a', 'b']))],
    expected: resets('PROTOCOL_ERROR'),
  },
  {
    rule: 'a pseudo-header field in trailers',
    frames: [frame(HEADERS, END_HEADERS | END_STREAM, 1, block([':status', '200']))],
    expected: resets('PROTOCOL_ERROR'),
  },
  {
    rule: 'an upper-case name in trailers',
    frames: [frame(HEADERS, END_HEADERS | END_STREAM, 1, block(['Grpc-Status', '0']))],
    expected: resets('PROTOCOL_ERROR'),
  },
  {
    rule: 'HEADERS after END_STREAM',
    frames: [frame(DATA, END_STREAM, 1), frame(HEADERS, 5, 1, block(['a', 'b']))],
    expected: resets('STREAM_CLOSED'),
  },
  // Section 6.3, and RFC 7540 section 5.3: PRIORITY.
  {
    rule: 'PRIORITY on stream 0',
    frames: [frame(PRIORITY, 0, 0, octets(5))],
    expected: goaway('PROTOCOL_ERROR', last),
  },
  { rule: 'PRIORITY of four octets', frames: [frame(PRIORITY, 0, 1, octets(4))], expected: resets('FRAME_SIZE_ERROR') },
  {
    rule: 'a stream that depends on itself',
    frames: [frame(PRIORITY, 0, 1, Buffer.of(0, 0, 0, 1, 0))],
    expected: resets('PROTOCOL_ERROR'),
  },
  {
    rule: 'PRIORITY on any stream',
    frames: [frame(PRIORITY, 0, 1, octets(5)), frame(PRIORITY, 0, 99, octets(5))],
    expected: [],
  },
  // Section 6.4: RST_STREAM.
  { rule: 'RST_STREAM on stream 0', frames: [reset(0)], expected: goaway('PROTOCOL_ERROR', last) },
  { rule: 'RST_STREAM on an idle stream', frames: [reset(3)], expected: goaway('PROTOCOL_ERROR', last) },
  {
    rule: 'RST_STREAM of three octets',
    frames: [frame(RST_STREAM, 0, 1, octets(3))],
    expected: goaway('FRAME_SIZE_ERROR', last),
  },
  { rule: 'RST_STREAM twice', frames: [reset(1), reset(1)], expected: [] },
  {
    rule: 'DATA after the peer reset the stream',
    frames: [reset(1), frame(DATA, 0, 1, octets(1))],
    expected: resets('STREAM_CLOSED'),
  },
  {
    rule: 'HEADERS after the peer reset the stream',
    frames: [reset(1), frame(HEADERS, 5, 1, block(['a', 'b']))],
    expected: resets('STREAM_CLOSED'),
  },
  { rule: 'WINDOW_UPDATE after the peer reset the stream', frames: [reset(1), windowUpdate(1, 1)], expected: [] },
  // Section 6.5: SETTINGS.
  { rule: 'SETTINGS on a stream', frames: [frame(SETTINGS, 0, 1)], expected: goaway('PROTOCOL_ERROR', last) },
  {
    rule: 'an acknowledgement with SETTINGS',
    frames: [frame(SETTINGS, ACK, 0, octets(6))],
    expected: goaway('FRAME_SIZE_ERROR', last),
  },
  {
    rule: 'SETTINGS of five octets',
    frames: [frame(SETTINGS, 0, 0, octets(5))],
    expected: goaway('FRAME_SIZE_ERROR', last),
  },
  { rule: 'SETTINGS_ENABLE_PUSH 2', frames: [settings([2, 2])], expected: goaway('PROTOCOL_ERROR', last) },
  {
    rule: 'SETTINGS_INITIAL_WINDOW_SIZE 2^31',
    frames: [settings([4, 2 ** 31])],
    expected: goaway('FLOW_CONTROL_ERROR', last),
  },
  { rule: 'SETTINGS_MAX_FRAME_SIZE 16,383', frames: [settings([5, 16_383])], expected: goaway('PROTOCOL_ERROR', last) },
  { rule: 'SETTINGS_MAX_FRAME_SIZE 2^24', frames: [settings([5, 2 ** 24])], expected: goaway('PROTOCOL_ERROR', last) },
  { rule: 'unknown settings', frames: [settings([0x99, 1], [3, 0])], expected: ['SETTINGS ACK'] },
  {
    rule: 'SETTINGS that take a window past 2^31-1',
    frames: [windowUpdate(1, 2 ** 31 - 1 - 65_535), settings([4, 65_536])],
    expected: ['SETTINGS ACK', ...goaway('FLOW_CONTROL_ERROR', last)],
  },
  // Section 6.6: PUSH_PROMISE.
  {
    rule: 'PUSH_PROMISE',
    frames: [frame(PUSH_PROMISE, END_HEADERS, 1, uint32(2))],
    expected: goaway('PROTOCOL_ERROR', last),
  },
  // Section 6.7: PING.
  { rule: 'PING on a stream', frames: [frame(PING, 0, 1, octets(8))], expected: goaway('PROTOCOL_ERROR', last) },
  { rule: 'PING of seven octets', frames: [frame(PING, 0, 0, octets(7))], expected: goaway('FRAME_SIZE_ERROR', last) },
  {
    rule: 'PING',
    frames: [frame(PING, 0, 0, Buffer.from('0123456789abcdef', 'hex'))],
    expected: ['PING ACK 0123456789abcdef'],
  },
  // Section 6.8: GOAWAY.
  { rule: 'GOAWAY on a stream', frames: [frame(GOAWAY, 0, 1, octets(8))], expected: goaway('PROTOCOL_ERROR', last) },
  {
    rule: 'GOAWAY of seven octets',
    frames: [frame(GOAWAY, 0, 0, octets(7))],
    expected: goaway('FRAME_SIZE_ERROR', last),
  },
  // Section 6.9: WINDOW_UPDATE.
  {
    rule: 'WINDOW_UPDATE of three octets',
    frames: [frame(WINDOW_UPDATE, 0, 1, octets(3))],
    expected: goaway('FRAME_SIZE_ERROR', last),
  },
  { rule: 'WINDOW_UPDATE of 0', frames: [windowUpdate(0, 0)], expected: goaway('PROTOCOL_ERROR', last) },
  { rule: 'WINDOW_UPDATE of 0 on a stream', frames: [windowUpdate(1, 0)], expected: resets('PROTOCOL_ERROR') },
  { rule: 'WINDOW_UPDATE on an idle stream', frames: [windowUpdate(3, 1)], expected: goaway('PROTOCOL_ERROR', last) },
  {
    rule: "the connection's window past 2^31-1",
    frames: [windowUpdate(0, 2 ** 31 - 1)],
    expected: goaway('FLOW_CONTROL_ERROR', last),
  },
  {
    rule: "a stream's window past 2^31-1",
    frames: [windowUpdate(1, 2 ** 31 - 1)],
    expected: resets('FLOW_CONTROL_ERROR'),
  },
  // Section 6.10: CONTINUATION.
  {
    rule: 'CONTINUATION without HEADERS',
    frames: [frame(CONTINUATION, END_HEADERS, 1)],
    expected: goaway('PROTOCOL_ERROR', last),
  },
  {
    rule: 'CONTINUATION after END_HEADERS',
    frames: [frame(HEADERS, 5, 1, block(['a', 'b'])), frame(CONTINUATION, 4, 1)],
    expected: goaway('PROTOCOL_ERROR', last),
  },
];

const ofClients: Fault[] = [
  { rule: 'an even stream', frames: [request(2)], expected: goaway('PROTOCOL_ERROR', 1) },
  { rule: 'a stream below the newest one', frames: [request(5), request(3)], expected: goaway('STREAM_CLOSED', 5) },
  {
    rule: 'a request without :method',
    frames: [frame(HEADERS, 5, 3, block([':scheme', 'http'], [':path', '/']))],
    expected: resets('PROTOCOL_ERROR', 3),
  },
  {
    rule: 'a request without :path',
    frames: [frame(HEADERS, 5, 3, block([':method', 'POST'], [':scheme', 'http']))],
    expected: resets('PROTOCOL_ERROR', 3),
  },
  {
    rule: 'an empty :path',
    frames: [frame(HEADERS, 5, 3, block([':method', 'POST'], [':scheme', 'http'], [':path', '']))],
    expected: resets('PROTOCOL_ERROR', 3),
  },
  {
    rule: 'a pseudo-header field twice',
    frames: [request(3, true, [':path', '/'])],
    expected: resets('PROTOCOL_ERROR', 3),
  },
  {
    rule: 'a pseudo-header field of responses',
    frames: [request(3, true, [':status', '200'])],
    expected: resets('PROTOCOL_ERROR', 3),
  },
  {
    rule: 'a pseudo-header field after others',
    frames: [request(3, true, ['a', 'b'], [':authority', 'x'])],
    expected: resets('PROTOCOL_ERROR', 3),
  },
  { rule: 'an upper-case name', frames: [request(3, true, ['Te', 'trailers'])], expected: resets('PROTOCOL_ERROR', 3) },
  { rule: 'a name with a space', frames: [request(3, true, ['a b', ''])], expected: resets('PROTOCOL_ERROR', 3) },
  { rule: 'an empty name', frames: [request(3, true, ['', 'x'])], expected: resets('PROTOCOL_ERROR', 3) },
  {
    rule: 'a value with a line feed',
    frames: [request(3, true, ['a', 'b\nc'])],
    expected: resets('PROTOCOL_ERROR', 3),
  },
  { rule: 'a value with NUL', frames: [request(3, true, ['a', '\0'])], expected: resets('PROTOCOL_ERROR', 3) },
  { rule: 'Connection', frames: [request(3, true, ['connection', 'close'])], expected: resets('PROTOCOL_ERROR', 3) },
  {
    rule: 'Transfer-Encoding',
    frames: [request(3, true, ['transfer-encoding', 'chunked'])],
    expected: resets('PROTOCOL_ERROR', 3),
  },
  { rule: 'TE other than trailers', frames: [request(3, true, ['te', 'gzip'])], expected: resets('PROTOCOL_ERROR', 3) },
  {
    rule: 'more DATA than content-length',
    frames: [request(3, false, ['content-length', '1']), frame(DATA, 0, 3, octets(2))],
    expected: resets('PROTOCOL_ERROR', 3),
  },
  {
    rule: 'less DATA than content-length',
    frames: [request(3, false, ['content-length', '2']), frame(DATA, END_STREAM, 3, octets(1))],
    expected: resets('PROTOCOL_ERROR', 3),
  },
  {
    rule: 'no DATA for a content-length',
    frames: [request(3, true, ['content-length', '1'])],
    expected: resets('PROTOCOL_ERROR', 3),
  },
  {
    rule: 'content-length that is no number',
    frames: [request(3, false, ['content-length', '1x'])],
    expected: resets('PROTOCOL_ERROR', 3),
  },
  {
    rule: 'two content-lengths',
    frames: [request(3, false, ['content-length', '1'], ['content-length', '2'])],
    expected: resets('PROTOCOL_ERROR', 3),
  },
];

const ofServers: Fault[] = [
  { rule: 'SETTINGS_ENABLE_PUSH 1', frames: [settings([2, 1])], expected: goaway('PROTOCOL_ERROR', 0) },
  { rule: 'SETTINGS_ENABLE_PUSH 0', frames: [settings([2, 0])], expected: ['SETTINGS ACK'] },
  { rule: 'a stream that nobody opened', frames: [response(2)], expected: goaway('PROTOCOL_ERROR', 0) },
];

/** Faults in the answer to stream 1, whose header section has not come. */
const inResponses: Fault[] = [
  {
    rule: 'DATA before the header section',
    frames: [frame(DATA, 0, 1, octets(1))],
    expected: resets('PROTOCOL_ERROR'),
  },
  {
    rule: 'no :status',
    frames: [frame(HEADERS, END_HEADERS, 1, block(['a', 'b']))],
    expected: resets('PROTOCOL_ERROR'),
  },
  {
    rule: 'a :status that is no number',
    frames: [frame(HEADERS, END_HEADERS, 1, block([':status', 'ok']))],
    expected: resets('PROTOCOL_ERROR'),
  },
  { rule: 'a request as the answer', frames: [request(1)], expected: resets('PROTOCOL_ERROR') },
  {
    rule: 'an informational response that ends',
    frames: [frame(HEADERS, 5, 1, block([':status', '100']))],
    expected: resets('PROTOCOL_ERROR'),
  },
  {
    rule: 'informational responses',
    frames: [
      frame(HEADERS, 4, 1, block([':status', '100'])),
      frame(HEADERS, 4, 1, block([':status', '103'])),
      response(1, true),
    ],
    expected: [],
  },
];

/** The faults of a peer end what is open, count once, and leave no octets counted. */
function check(endpoint: Endpoint, { frames, expected }: Fault): void {
  endpoint.receive(...frames);
  expect(endpoint.sentNames()).toEqual(expected);
  const ended = expected.some((name) => name.startsWith('GOAWAY'));
  expect(endpoint.connection.ended).toBe(ended);
  expect(endpoint.ends).toBe(ended ? 1 : 0);
  if (ended) expect(endpoint.connection.streamCount).toBe(0);
  if (!ended) {
    endpoint.receive(frame(PING, 0, 0, octets(8)));
    expect(endpoint.sentNames()).toEqual(['PING ACK 0000000000000000']);
  }
  expect(endpoint.budget.held).toBe(0);
}

describe.each([
  ['whole', (frames: Uint8Array[]) => frames],
  ['octet by octet', (frames: Uint8Array[]) => [...Buffer.concat(frames)].map((octet) => Buffer.of(octet))],
] as const)('with frames that come %s', (_, cut) => {
  it.each([...common(1), ...ofClients])('a server that gets $rule', (fault) => {
    const endpoint = server();
    endpoint.receive(request(1));
    check(endpoint, { ...fault, frames: cut(fault.frames) });
  });

  it.each([...common(0), ...ofServers])('a client that gets $rule', (fault) => {
    const endpoint = client();
    endpoint.open();
    endpoint.receive(response(1));
    endpoint.sent();
    check(endpoint, { ...fault, frames: cut(fault.frames) });
  });

  it.each(inResponses)('a client that gets $rule in a response', (fault) => {
    const endpoint = client();
    endpoint.open();
    endpoint.sent();
    check(endpoint, { ...fault, frames: cut(fault.frames) });
  });
});

describe('the beginning of a connection', () => {
  it.each([
    ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')],
    ['a broken preface', Buffer.from('PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n')],
    ['PING before SETTINGS', Buffer.concat([wire.PREFACE, frame(PING, 0, 0, octets(8))])],
    ['an acknowledgement before SETTINGS', Buffer.concat([wire.PREFACE, frame(SETTINGS, ACK, 0)])],
  ])('is no place for %s', (_, bytes) => {
    const endpoint = new Endpoint('server');
    endpoint.sent();
    endpoint.receive(bytes);
    expect(endpoint.sentNames()).toEqual(['GOAWAY 0 PROTOCOL_ERROR']);
    expect(endpoint.ends).toBe(1);
  });

  it('is SETTINGS for a client too', () => {
    const endpoint = new Endpoint('client');
    endpoint.sent();
    endpoint.receive(frame(GOAWAY, 0, 0, octets(8)));
    expect(endpoint.sentNames()).toEqual(['GOAWAY 0 PROTOCOL_ERROR']);
  });
});

describe('what comes on a stream that has ended on both sides', () => {
  const trailersOnly = frame(HEADERS, END_HEADERS | END_STREAM, 1, block([':status', '200'], ['grpc-status', '4']));

  it('is an error of the connection', () => {
    const endpoint = client();
    endpoint.open(requestHeader, true);
    endpoint.receive(trailersOnly, trailersOnly);
    expect(endpoint.sentNames()).toEqual(['HEADERS 1 END_STREAM', 'GOAWAY 0 STREAM_CLOSED']);
  });

  it('is an error of the stream when the peer reset that in between, as gRPC C++ 1.51 does', () => {
    const endpoint = client();
    const { heard } = endpoint.open(requestHeader, true);
    endpoint.receive(trailersOnly, reset(1, 0), trailersOnly, reset(1, 0));
    expect(endpoint.sentNames()).toEqual(['HEADERS 1 END_STREAM', 'RST_STREAM 1 STREAM_CLOSED']);
    expect(endpoint.connection.ended).toBe(false);
    expect(heard).toMatchObject({ ended: true, failure: undefined });
  });
});

describe('what belongs to a stream that this side reset', () => {
  it('is ignored, but counts for the connection and for the header table', () => {
    const endpoint = client({ connectionWindow: 65_535 });
    const { stream } = endpoint.open();
    stream.reset(8);
    expect(endpoint.sentNames()).toEqual(['HEADERS 1', 'RST_STREAM 1 CANCEL']);
    // The block inserts x: y into the table (RFC 7541 section 6.2.1); the next one refers to that.
    const insert = Buffer.concat([block([':status', '200']), Buffer.from('40017801' + '79', 'hex')]);
    endpoint.receive(frame(HEADERS, END_HEADERS, 1, insert));
    endpoint.receive(...Array.from({ length: 3 }, () => frame(DATA, 0, 1, octets(16_000))));
    endpoint.receive(windowUpdate(1, 1), reset(1), frame(PRIORITY, 0, 1, octets(5)));
    expect(endpoint.sentNames()).toEqual(['WINDOW_UPDATE 0 48000']);
    const { heard } = endpoint.open([...requestHeader], true);
    endpoint.receive(frame(HEADERS, 5, 3, Buffer.concat([block([':status', '200']), Buffer.of(0xbe)])));
    expect(heard.headers).toEqual([[':status', '200', 'x', 'y']]);
  });

  it('is ignored also when so many resets came after it that it was forgotten', () => {
    const endpoint = client({ maxConcurrentStreams: 1 });
    for (let count = 0; count < 5_000; count++) endpoint.open().stream.reset(8);
    endpoint.sent();
    endpoint.receive(response(1), frame(DATA, 0, 1, octets(10)), response(9_999));
    expect(endpoint.connection.ended).toBe(false);
  });

  it('is ignored when the reset comes in the middle of a padded DATA frame', () => {
    const endpoint = server();
    endpoint.receive(request(1));
    const padded = frame(DATA, PADDED | END_STREAM, 1, Buffer.concat([Buffer.of(4), Buffer.from('abcdef'), octets(4)]));
    endpoint.receive(padded.subarray(0, 12));
    expect(endpoint.heard.get(1)?.data.toString()).toBe('ab');
    endpoint.streams.get(1)?.reset(8);
    endpoint.receive(padded.subarray(12), frame(PING, 0, 0, octets(8)));
    expect(endpoint.heard.get(1)?.data.toString()).toBe('ab');
    expect(endpoint.sentNames()).toEqual(['RST_STREAM 1 CANCEL', 'PING ACK 0000000000000000']);
    expect(endpoint.budget.held).toBe(0);
  });

  it('is ended when the owner resets it from inside its own callback', () => {
    const endpoint = server();
    endpoint.onRequest = (stream, heard) => {
      heard.onMore = () => stream.reset(8);
    };
    endpoint.receive(request(1), frame(DATA, END_STREAM, 1, Buffer.from('x')));
    expect(endpoint.sentNames()).toEqual(['RST_STREAM 1 CANCEL']);
    expect(endpoint.connection.streamCount).toBe(0);
    expect(endpoint.budget.held).toBe(0);
  });
});

describe('flow control', () => {
  const kilobyte = (id: number) => frame(DATA, 0, id, octets(1_024));

  it('resets a stream that goes beyond its window', () => {
    const endpoint = server({ streamWindow: 65_536 });
    endpoint.onRequest = (_stream, heard) => {
      heard.reads = false;
    };
    endpoint.receive(request(1), ...Array.from({ length: 64 }, () => kilobyte(1)));
    expect(endpoint.sentNames()).toEqual([]);
    endpoint.receive(frame(DATA, 0, 1, octets(1)));
    expect(endpoint.sentNames()).toEqual(['RST_STREAM 1 FLOW_CONTROL_ERROR']);
    endpoint.streams.get(1)?.release(65_536);
    expect(endpoint.budget.held).toBe(0);
  });

  it('ends a connection that goes beyond its window, padding included', () => {
    const endpoint = server({ connectionWindow: 65_535, maxFrameSize: 65_536, streamWindow: 1_000_000 });
    // Less than half of the window is not credited yet.
    endpoint.receive(request(1), ...Array.from({ length: 31 }, () => kilobyte(1)));
    expect(endpoint.sentNames()).toEqual([]);
    const padding = Buffer.concat([Buffer.of(255), octets(65_536 - 31 * 1_024 - 1)]);
    endpoint.receive(frame(DATA, PADDED, 1, padding));
    expect(endpoint.sentNames()).toEqual(['GOAWAY 1 FLOW_CONTROL_ERROR']);
  });

  it('lets a peer use 65,535 octets until it has acknowledged a smaller window', () => {
    const endpoint = new Endpoint('server', { streamWindow: 1_000 });
    endpoint.onRequest = (_stream, heard) => {
      heard.reads = false;
    };
    endpoint.receive(wire.PREFACE, settings(), request(1), ...Array.from({ length: 63 }, () => kilobyte(1)));
    endpoint.sent();
    endpoint.receive(frame(SETTINGS, ACK, 0), frame(DATA, 0, 1), request(3));
    expect(endpoint.sentNames()).toEqual([]);
    endpoint.receive(kilobyte(1), kilobyte(3));
    expect(endpoint.sentNames()).toEqual(['RST_STREAM 1 FLOW_CONTROL_ERROR', 'RST_STREAM 3 FLOW_CONTROL_ERROR']);
  });

  it('gives padding back, also when nothing else comes', () => {
    const endpoint = server();
    endpoint.receive(request(1));
    const padding = frame(DATA, PADDED, 1, Buffer.concat([Buffer.of(255), octets(255)]));
    for (let count = 0; count < 1_000; count++) endpoint.receive(padding);
    const credited = endpoint
      .sent()
      .filter(({ type, id }) => type === WINDOW_UPDATE && id === 1)
      .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
    expect(credited).toBeGreaterThan(256_000 - 65_535);
    expect(endpoint.budget.held).toBe(0);
  });

  it('sends the end of a stream while the window is negative', () => {
    const endpoint = client();
    const { stream } = endpoint.open();
    stream.sendData(octets(1_000), false);
    endpoint.receive(settings([4, 0]));
    stream.sendData(octets(0), true);
    expect(endpoint.sentNames()).toEqual(['HEADERS 1', 'DATA 1 1000', 'SETTINGS ACK', 'DATA 1 0 END_STREAM']);
  });

  it('holds DATA back while a lowered window is negative', () => {
    const endpoint = client();
    const { stream, heard } = endpoint.open();
    stream.sendData(octets(1_000), false);
    endpoint.receive(settings([4, 500]));
    expect(stream.sendData(octets(10), true)).toBe(false);
    endpoint.receive(windowUpdate(1, 500));
    expect(endpoint.sentNames()).toEqual(['HEADERS 1', 'DATA 1 1000', 'SETTINGS ACK']);
    endpoint.receive(windowUpdate(1, 4));
    expect(endpoint.sentNames()).toEqual(['DATA 1 4']);
    expect(heard.writable).toBe(0);
    endpoint.receive(settings([4, 506]));
    expect(endpoint.sentNames()).toEqual(['SETTINGS ACK', 'DATA 1 6 END_STREAM']);
    // Also of the end of its stream an owner hears that it went out.
    expect(heard.writable).toBe(1);
  });

  it('gives blocked streams their turns', () => {
    const endpoint = client({}, [4, 1_000_000]);
    const streams = [1, 2, 3].map(() => endpoint.open().stream);
    for (const stream of streams) stream.sendData(octets(300_000), true);
    endpoint.sent();
    endpoint.receive(windowUpdate(0, 384 * 1_024));
    const order = endpoint.sent().map(({ id }) => id);
    expect(new Set(order.slice(0, 4))).toEqual(new Set([1]));
    // Quanta of 64 KiB in frames of 16 KiB, one stream after the other.
    expect(order).toEqual([1, 3, 5, 1, 3, 5].flatMap((id) => [id, id, id, id]));
  });
});

describe('a stream without an owner that listens', () => {
  it('keeps no octets', () => {
    const endpoint = server({}, [4, 0]);
    endpoint.onRequest = (stream) => {
      stream.handler = undefined;
      stream.resetWhenSent = true;
      stream.sendHeaders(responseHeader, false);
      stream.sendData(Buffer.from('no'), true);
    };
    endpoint.receive(request(1), frame(DATA, 0, 1, octets(1_000)));
    expect(endpoint.budget.held).toBe(0);
    expect(endpoint.sentNames()).toEqual(['HEADERS 1']);
    endpoint.receive(windowUpdate(1, 10));
    expect(endpoint.sentNames()).toEqual(['DATA 1 2 END_STREAM', 'RST_STREAM 1 NO_ERROR']);
    expect(endpoint.connection.streamCount).toBe(0);
  });
});

describe('the last stream of a connection', () => {
  it('fails before the owner of the connection hears that it is over', () => {
    const endpoint = client();
    const { stream, heard } = endpoint.open();
    const order: string[] = [];
    heard.onFailure = () => void order.push('failure of the stream');
    endpoint.onEnd = () => void order.push('end of the connection');
    endpoint.receive(frame(wire.GOAWAY, 0, 0, wire.uint32(0, 0)));
    expect(stream.closed).toBe(true);
    expect(order).toEqual(['failure of the stream', 'end of the connection']);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Http2Stream } from '../../src/http2/stream.js';
import { client, Endpoint, requestHeader, responseHeader, server, trailer } from './endpoint.js';
import * as wire from './wire.js';
import { block, describeFrame, frame, request, response, settings, uint32 } from './wire.js';

const { DATA, HEADERS, RST_STREAM, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION } = wire;
const { ACK, END_STREAM, END_HEADERS } = wire;
const octets = (length: number) => Buffer.alloc(length);
const goaway = (last: number, code: number, text = '') =>
  frame(GOAWAY, 0, 0, Buffer.concat([uint32(last, code), Buffer.from(text)]));

describe('the handshake', () => {
  it('of a server says its limits and widens the window of the connection', () => {
    const [first, second, ...more] = new Endpoint('server', { streamWindow: 100_000 }).sent();
    expect(first.payload.toString('hex')).toBe('000300000064' + '0004000186a0' + '000500004000' + '000600004000');
    expect(wire.describeFrame(second)).toBe(`WINDOW_UPDATE 0 ${1024 * 1024 - 65_535}`);
    expect(more).toEqual([]);
  });

  it('of a client begins with the preface and switches push off', () => {
    const [first] = new Endpoint('client').sent();
    expect(first.payload.toString('hex')).toBe('000200000000' + '00040000ffff' + '000500004000' + '000600004000');
  });

  it('is acknowledged', () => {
    const endpoint = new Endpoint('server');
    endpoint.sent();
    endpoint.receive(wire.PREFACE, settings());
    expect(endpoint.sentNames()).toEqual(['SETTINGS ACK']);
    expect(endpoint.settingsSeen).toBe(1);
  });

  it.each([
    ['nothing', []],
    ['half a preface', [wire.PREFACE.subarray(0, 10)]],
    ['a preface and half of SETTINGS', [wire.PREFACE, settings([3, 1]).subarray(0, 12)]],
  ])('is not waited for without end when %s comes', (_, chunks) => {
    const endpoint = new Endpoint('server');
    endpoint.receive(...chunks);
    endpoint.sent();
    expect(endpoint.connection.nextTimeout).toBe(6_000);
    endpoint.connection.handleTimeout(5_999);
    expect(endpoint.connection.ended).toBe(false);
    endpoint.connection.handleTimeout(6_000);
    expect(endpoint.sentNames()).toEqual(['GOAWAY 0 SETTINGS_TIMEOUT']);
    expect(endpoint.connection.nextTimeout).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('an unfinished', () => {
  it.each([
    ['frame header', frame(PING, 0, 0, octets(8)).subarray(0, 5)],
    ['frame', frame(PING, 0, 0, octets(8)).subarray(0, 12)],
    ['header block', frame(HEADERS, 0, 1, block([':method', 'POST']))],
  ])('%s ends the connection', (_, bytes) => {
    const endpoint = server();
    expect(endpoint.connection.nextTimeout).toBe(Number.POSITIVE_INFINITY);
    endpoint.now = 20_000;
    endpoint.receive(bytes.subarray(0, 3));
    endpoint.now = 25_000;
    endpoint.receive(bytes.subarray(3));
    expect(endpoint.connection.nextTimeout).toBe(30_000);
    endpoint.connection.handleTimeout(30_000);
    expect(endpoint.sentNames()).toEqual(['GOAWAY 0 ENHANCE_YOUR_CALM']);
  });

  it('frame has its own time, however often the one before it was cut', () => {
    const endpoint = server();
    const ping = frame(PING, 0, 0, octets(8));
    for (let count = 0; count < 10; count++) {
      endpoint.receive(ping.subarray(0, 4));
      expect(endpoint.connection.nextTimeout).toBe(endpoint.now + 10_000);
      endpoint.now += 9_000;
      endpoint.receive(ping.subarray(4));
      expect(endpoint.connection.nextTimeout).toBe(Number.POSITIVE_INFINITY);
    }
  });

  it('DATA frame may take its time, for only its stream waits', () => {
    const endpoint = server();
    endpoint.receive(request(1), frame(DATA, 0, 1, octets(100)).subarray(0, 50));
    expect(endpoint.connection.nextTimeout).toBe(Number.POSITIVE_INFINITY);
    expect(endpoint.heard.get(1)?.data.length).toBe(41);
  });
});

describe('requests and responses', () => {
  it('go through with data and trailers', () => {
    const [caller, callee] = [new Endpoint('client'), new Endpoint('server')];
    callee.onRequest = (stream, heard) => {
      heard.onMore = () => {
        if (!heard.ended) return;
        stream.sendHeaders(responseHeader, false);
        stream.sendData(Buffer.from(`${heard.data} and back`), false);
        stream.sendHeaders(trailer, true);
      };
    };
    exchange(caller, callee);
    const { stream, heard } = caller.open();
    stream.sendData(Buffer.from('there'), true);
    exchange(caller, callee);
    expect(callee.heard.get(1)?.headers).toEqual([requestHeader]);
    expect(heard.headers).toEqual([responseHeader, trailer]);
    expect(heard.data.toString()).toBe('there and back');
    expect(heard.failure).toBeUndefined();
    for (const { connection, budget, closedStreams } of [caller, callee]) {
      expect(connection.streamCount).toBe(0);
      expect(closedStreams).toBe(1);
      expect(budget.held).toBe(0);
    }
  });

  it.each(['/csi/csi.sock', '@podwire', '%2Frun%2Fx.sock', 'unix:///run/x.sock', '', ' ', 'localhost'])(
    'may name the authority %j',
    (authority) => {
      const endpoint = server();
      endpoint.receive(frame(HEADERS, 5, 1, block(...wire.requestFields, [':authority', authority])));
      expect(endpoint.heard.get(1)?.headers[0].slice(-2)).toEqual([':authority', authority]);
    },
  );

  it('may have values with white space at the ends, as status messages do', () => {
    const endpoint = client();
    const { heard } = endpoint.open([...requestHeader], true);
    endpoint.receive(response(1, true, ['grpc-status', '2'], ['grpc-message', 'failed: ']));
    expect(heard.headers[0].slice(-2)).toEqual(['grpc-message', 'failed: ']);
  });

  it('split a header section that is larger than a frame', () => {
    const value = '~'.repeat(40_000);
    const endpoint = client();
    endpoint.open([...requestHeader, 'x-large', value], true);
    const frames = endpoint.sent();
    expect(frames.map(({ type, flags }) => [type, flags])).toEqual([
      [HEADERS, END_STREAM],
      [CONTINUATION, 0],
      [CONTINUATION, END_HEADERS],
    ]);
    expect(frames.every(({ payload }) => payload.length <= 16_384)).toBe(true);

    const other = server({ maxHeaderListSize: 100_000 });
    for (const { type, flags, id, payload } of frames) other.receive(frame(type, flags, id, payload));
    expect(other.heard.get(1)?.headers[0]).toEqual([...requestHeader, 'x-large', value]);
  });

  it('do not leave a stream behind when a field cannot be sent', () => {
    const endpoint = client();
    expect(() => endpoint.connection.openStream([...requestHeader, 'x', 'Ω'], false)).toThrow(TypeError);
    expect(endpoint.connection.streamCount).toBe(0);
    expect(endpoint.sentNames()).toEqual([]);
    endpoint.open();
    expect(endpoint.sentNames()).toEqual(['HEADERS 1']);
  });

  it('wait with trailers until the data before them is sent', () => {
    const endpoint = server({}, [4, 3]);
    endpoint.receive(request(1, true));
    const stream = endpoint.streams.get(1)!;
    stream.sendHeaders(responseHeader, false);
    stream.sendData(Buffer.from('abcde'), false);
    stream.sendData(Buffer.from('fgh'), false);
    stream.finish(trailer);
    expect(endpoint.sentNames()).toEqual(['HEADERS 1', 'DATA 1 3']);
    endpoint.receive(frame(WINDOW_UPDATE, 0, 1, uint32(100)));
    expect(endpoint.sentNames()).toEqual(['DATA 1 5', 'HEADERS 1 END_STREAM']);
    expect(endpoint.connection.streamCount).toBe(0);
  });

  it('have small messages of one stream in one frame, as long as nothing comes between and the frame is not taken', () => {
    const endpoint = server();
    for (const id of [1, 3]) {
      endpoint.receive(request(id, true));
      endpoint.streams.get(id)!.sendHeaders(responseHeader, false);
    }
    const [one, three] = [endpoint.streams.get(1)!, endpoint.streams.get(3)!];
    const send = (stream: Http2Stream, text: string, end = false) => stream.sendData(Buffer.from(text), end);
    endpoint.sent();
    send(one, 'ab');
    send(one, 'c');
    send(three, 'xyz');
    send(three, '', true);
    send(one, 'd');
    const frames = endpoint.sent();
    expect(frames.map(describeFrame)).toEqual(['DATA 1 3', 'DATA 3 3 END_STREAM', 'DATA 1 1']);
    expect(frames.map(({ payload }) => payload.toString())).toEqual(['abc', 'xyz', 'd']);
    send(one, 'e');
    expect(endpoint.sentNames()).toEqual(['DATA 1 1']);
  });

  it('have frames that are no longer than the peer takes, whatever they are made of', () => {
    const endpoint = server({}, [4, 1_000_000]);
    endpoint.receive(request(1, true));
    const stream = endpoint.streams.get(1)!;
    stream.sendHeaders(responseHeader, false);
    endpoint.sent();
    const sent = Array.from({ length: 61 }, (_, index) => Buffer.alloc(1_000, String.fromCharCode(48 + index)));
    for (const payload of sent) stream.sendData(payload, false);
    const frames = endpoint.sent();
    expect(frames.length).toBeLessThan(sent.length / 3);
    expect(frames.every(({ payload }) => payload.length <= 16_384)).toBe(true);
    expect(Buffer.concat(frames.map(({ payload }) => payload)).equals(Buffer.concat(sent))).toBe(true);
  });

  it('stop a request that is of no use any more, RFC 9113 section 8.1', () => {
    const endpoint = server();
    endpoint.receive(request(1));
    endpoint.streams.get(1)?.finish([...responseHeader, ...trailer]);
    expect(endpoint.sentNames()).toEqual(['HEADERS 1 END_STREAM', 'RST_STREAM 1 NO_ERROR']);
    endpoint.receive(frame(DATA, END_STREAM, 1, octets(100)));
    expect(endpoint.sentNames()).toEqual([]);
    expect(endpoint.connection.ended).toBe(false);
  });

  it('over the number of streams are refused, and made again without harm', () => {
    const endpoint = server({ maxConcurrentStreams: 2 });
    endpoint.receive(request(1), request(3), request(5, true));
    expect(endpoint.sentNames()).toEqual(['RST_STREAM 5 REFUSED_STREAM']);
    endpoint.streams.get(1)?.reset(8);
    endpoint.receive(request(7));
    expect(endpoint.sentNames()).toEqual(['RST_STREAM 1 CANCEL']);
    expect([...endpoint.streams.keys()]).toEqual([1, 3, 7]);
  });

  it('of a client keep to the number of streams that the server said', () => {
    const endpoint = client({}, [3, 1]);
    expect(endpoint.connection.hasCapacity).toBe(true);
    endpoint.open();
    expect(endpoint.connection.hasCapacity).toBe(false);
    endpoint.receive(settings([3, 2]));
    expect(endpoint.connection.hasCapacity).toBe(true);
  });
});

describe('a header list over the limit', () => {
  const large = (id: number, length: number) => {
    const bytes = block(...wire.requestFields, ['x-large', 'x'.repeat(length)]);
    const frames: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 16_384) {
      const end = at + 16_384 >= bytes.length;
      frames.push(
        frame(
          at === 0 ? HEADERS : CONTINUATION,
          (at === 0 ? 1 : 0) | (end ? 4 : 0),
          id,
          bytes.subarray(at, at + 16_384),
        ),
      );
    }
    return frames;
  };

  it.each([20_000, 100_000, 250_000])('of %d octets fails its call, and the connection lives', (length) => {
    const endpoint = server();
    endpoint.receive(...large(1, length));
    expect(endpoint.streams.get(1)?.headerListTooLarge).toBe(true);
    endpoint.receive(request(3));
    expect(endpoint.streams.get(3)?.headerListTooLarge).toBe(false);
  });

  it('is not buffered without end', () => {
    const endpoint = server();
    endpoint.receive(...large(1, 300_000));
    expect(endpoint.sentNames()).toEqual(['GOAWAY 0 ENHANCE_YOUR_CALM']);
  });

  it('in a response fails its call, and the connection lives', () => {
    const endpoint = client();
    const { stream, heard } = endpoint.open();
    endpoint.receive(frame(HEADERS, 4, 1, block([':status', '200'], ['x', 'y'.repeat(16_350)])));
    expect(stream.headerListTooLarge).toBe(true);
    expect(heard.headers).toHaveLength(1);
    expect(endpoint.connection.ended).toBe(false);
  });
});

describe('GOAWAY', () => {
  it('fails what the server did not take, so that it can be made again', () => {
    const endpoint = client();
    const calls = [1, 2, 3].map(() => endpoint.open());
    endpoint.receive(goaway(2 ** 31 - 1, 0, 'bye'));
    expect(endpoint.connection.usable).toBe(false);
    expect(calls.map(({ heard }) => heard.failure)).toEqual([undefined, undefined, undefined]);
    endpoint.receive(goaway(3, 0, 'really'));
    expect(calls.map(({ heard }) => heard.failure?.unprocessed)).toEqual([undefined, undefined, true]);
    expect(calls[2].heard.failure?.reason).toContain('NO_ERROR: really');
    endpoint.receive(goaway(1, 0), goaway(3, 0));
    expect(calls.map(({ heard }) => heard.failure?.unprocessed)).toEqual([undefined, true, true]);
    endpoint.receive(response(1, true));
    expect(endpoint.connection.ended).toBe(false);
    calls[0].stream.sendData(octets(0), true);
    expect(endpoint.connection.ended).toBe(true);
    expect(endpoint.error).toBeUndefined();
    expect(endpoint.goaways).toEqual([
      [2 ** 31 - 1, 0, 'bye'],
      [3, 0, 'really'],
      [1, 0, ''],
      [1, 0, ''],
    ]);
  });

  it('with an error says so, also when no stream is left', () => {
    const endpoint = client();
    const { heard } = endpoint.open();
    endpoint.receive(goaway(0, 11, 'too many pings'));
    expect(heard.failure).toMatchObject({ errorCode: 11, origin: 'connection', unprocessed: true });
    expect(endpoint.ends).toBe(1);
    expect(endpoint.error).toMatchObject({ errorCode: 11, remote: true, message: 'ENHANCE_YOUR_CALM: too many pings' });
  });

  it('of a client lets its calls finish', () => {
    const endpoint = server();
    endpoint.receive(request(1, true), goaway(0, 0));
    expect(endpoint.heard.get(1)?.failure).toBeUndefined();
    endpoint.streams.get(1)?.finish([...responseHeader, ...trailer]);
    expect(endpoint.sentNames()).toEqual(['HEADERS 1 END_STREAM']);
    expect(endpoint.ends).toBe(1);
  });

  it('in two steps loses no stream', () => {
    const endpoint = server();
    endpoint.receive(request(1));
    endpoint.connection.beginDrain('restart');
    const [first, ping] = endpoint.sent();
    expect(wire.describeFrame(first)).toBe(`GOAWAY ${2 ** 31 - 1} NO_ERROR`);
    expect(first.payload.subarray(8).toString()).toBe('restart');
    // One that was on its way is still taken.
    endpoint.receive(request(3), frame(PING, ACK, 0, ping.payload));
    expect(endpoint.sentNames()).toEqual(['GOAWAY 3 NO_ERROR']);
    expect([...endpoint.streams.keys()]).toEqual([1, 3]);
    // One after that is ignored, with all that follows on it.
    endpoint.receive(request(5), frame(DATA, 0, 5, octets(10)), frame(WINDOW_UPDATE, 0, 5, uint32(1)));
    endpoint.receive(frame(HEADERS, 5, 5, block(['a', 'b'])), frame(RST_STREAM, 0, 5, uint32(8)));
    expect(endpoint.sentNames()).toEqual([]);
    endpoint.streams.get(1)?.finish(trailer);
    endpoint.streams.get(3)?.finish(trailer);
    expect(endpoint.sentNames().at(-1)).toBe('GOAWAY 3 NO_ERROR');
    expect(endpoint.ends).toBe(1);
    expect(endpoint.error).toBeUndefined();
  });

  it('is finished without the answer to the PING', () => {
    const endpoint = server();
    endpoint.connection.beginDrain('restart');
    expect(endpoint.connection.draining).toBe(true);
    endpoint.connection.finishDrain();
    endpoint.connection.finishDrain();
    expect(endpoint.sentNames().slice(2)).toEqual(['GOAWAY 0 NO_ERROR', 'GOAWAY 0 NO_ERROR']);
    expect(endpoint.ends).toBe(1);
  });
});

describe('the end', () => {
  it('of the byte stream fails what is open and sends nothing', () => {
    const endpoint = client();
    const { heard } = endpoint.open();
    endpoint.connection.terminate('read ECONNRESET');
    expect(endpoint.sent()).toEqual([]);
    expect(heard.failure).toEqual({
      errorCode: 8,
      origin: 'connection',
      unprocessed: false,
      reason: 'read ECONNRESET',
    });
    expect(endpoint.error).toMatchObject({ remote: true });
    endpoint.connection.terminate('again');
    endpoint.connection.close(0, 'again');
    expect(endpoint.ends).toBe(1);
  });

  it('leaves streams that do nothing', () => {
    const endpoint = client();
    const { stream, heard } = endpoint.open();
    stream.sendData(octets(100_000), false);
    endpoint.sent();
    endpoint.connection.close(0, 'enough');
    expect(endpoint.sentNames()).toEqual(['GOAWAY 0 NO_ERROR']);
    stream.sendHeaders(trailer, true);
    stream.require(1_000_000);
    stream.reset(8);
    endpoint.connection.sendPing(1n);
    endpoint.connection.resumeOutput();
    endpoint.receive(response(1, true));
    expect(stream.sendData(octets(10), true)).toBe(true);
    expect(endpoint.sent()).toEqual([]);
    expect(heard.headers).toEqual([]);
    expect(endpoint.budget.held).toBe(0);
  });
});

describe('PING', () => {
  it('comes back to whoever sent it', () => {
    const endpoint = client();
    endpoint.connection.sendPing(0x0123456789abcdefn);
    expect(endpoint.sentNames()).toEqual(['PING 0123456789abcdef']);
    endpoint.receive(frame(PING, ACK, 0, Buffer.from('0123456789abcdef', 'hex')));
    expect(endpoint.pings).toEqual([0x0123456789abcdefn]);
  });
});

describe('SETTINGS', () => {
  it('may lower and raise the header table at once: the next block says both', () => {
    const endpoint = client({}, [1, 0], [1, 4_096]);
    endpoint.open();
    const [{ payload }] = endpoint.sent();
    // Two size updates (RFC 7541 section 6.3): 0, then 4,096.
    expect(payload.subarray(0, 4).toString('hex')).toBe('203fe11f');
  });
});

describe('what grpc-go 1.56 sends', () => {
  const folder = new URL('fixtures/', import.meta.url);
  const recordings = readdirSync(folder).filter((name) => name.endsWith('.json'));

  it.each(recordings)('%s is a call', (name) => {
    const recording = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
    const bytes = Buffer.from(recording.frames.map(({ hex }: { hex: string }) => hex).join(''), 'hex');
    for (const step of [bytes.length, 7, 1]) {
      const endpoint = new Endpoint('server');
      for (let at = 0; at < bytes.length; at += step) endpoint.receive(bytes.subarray(at, at + step));
      const heard = endpoint.heard.get(1);
      expect(heard?.headers).toEqual([recording.headers.flat()]);
      expect(heard?.ended).toBe(true);
      expect(endpoint.sentNames().slice(-1)).toEqual(['SETTINGS ACK']);
      expect(endpoint.connection.ended).toBe(false);
    }
  });

  it('was recorded', () => {
    expect(recordings.length).toBeGreaterThanOrEqual(2);
  });
});

/** Carries bytes both ways until both are silent. */
function exchange(left: Endpoint, right: Endpoint): void {
  for (;;) {
    const there = left.take();
    const back = right.take();
    if (there.length + back.length === 0) return;
    right.receive(there);
    left.receive(back);
    left.connection.resumeOutput();
    right.connection.resumeOutput();
  }
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReceiveBudget } from '../../src/http2/receive-budget.js';
import type { Http2Stream } from '../../src/http2/stream.js';
import { Endpoint, requestHeader, responseHeader, trailer } from './endpoint.js';
import {
  ACK,
  DATA,
  END_STREAM,
  type Frame,
  FrameLog,
  GOAWAY,
  HEADERS,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './wire.js';

/**
 * Two connections of ours wired to each other, any operations, any cuts. A reader of its own looks at both directions and
 * keeps the books of RFC 9113 section 5.2: nobody may send beyond a window.
 */
class Auditor {
  readonly log: FrameLog;
  /** What the sender of this direction may still send. */
  connectionWindow = 65_535;
  readonly windows = new Map<number, number>();
  initialWindow = 65_535;
  readonly #ended = new Set<number>();
  /** Initial windows that the other side announced, until this direction acknowledges them. */
  readonly announced: number[] = [];

  constructor(preface: boolean) {
    this.log = new FrameLog(preface);
  }

  /** Frames that this direction carries; `reverse` is the other one, whose sender the WINDOW_UPDATE frames are for. */
  see(bytes: Uint8Array, reverse: Auditor): void {
    for (const frame of this.log.add(bytes)) this.#see(frame, reverse);
  }

  #see({ type, flags, id, payload }: Frame, reverse: Auditor): void {
    switch (type) {
      case HEADERS:
        this.#open(id, reverse);
        if ((flags & END_STREAM) !== 0) this.#ended.add(id);
        break;
      case DATA: {
        if (this.#ended.has(id)) throw new Error(`DATA after the end of stream ${id}`);
        this.connectionWindow -= payload.length;
        const left = (this.windows.get(id) ?? Number.NaN) - payload.length;
        this.windows.set(id, left);
        if (payload.length > 0 && !(left >= 0)) throw new Error(`${-left} octets beyond the window of stream ${id}`);
        if (this.connectionWindow < 0) throw new Error("DATA beyond the connection's window");
        if ((flags & END_STREAM) !== 0) this.#ended.add(id);
        break;
      }
      case RST_STREAM:
        this.#ended.add(id);
        break;
      case WINDOW_UPDATE: {
        const increment = payload.readUInt32BE(0);
        if (increment === 0) throw new Error('WINDOW_UPDATE of 0');
        if (id === 0) reverse.connectionWindow += increment;
        else reverse.windows.set(id, (reverse.windows.get(id) ?? Number.NaN) + increment);
        break;
      }
      case SETTINGS:
        if ((flags & ACK) !== 0) this.#acknowledge();
        else
          for (let at = 0; at < payload.length; at += 6) {
            if (payload.readUInt16BE(at) === 4) reverse.announced.push(payload.readUInt32BE(at + 2));
          }
        break;
      case GOAWAY:
        throw new Error(`GOAWAY: ${payload.subarray(8)}`);
    }
  }

  #open(id: number, reverse: Auditor): void {
    for (const side of [this, reverse]) if (!side.windows.has(id)) side.windows.set(id, side.initialWindow);
  }

  #acknowledge(): void {
    const window = this.announced.shift();
    if (window === undefined) return;
    for (const [id, left] of this.windows) this.windows.set(id, left + window - this.initialWindow);
    this.initialWindow = window;
  }
}

interface Call {
  stream: Http2Stream;
  sent: Buffer[];
  answered: Buffer[];
  halfClosed: boolean;
}

type Operation =
  | { kind: 'open' }
  | { kind: 'send'; call: number; length: number }
  | { kind: 'halfClose'; call: number }
  | { kind: 'answer'; call: number; length: number }
  | { kind: 'finish'; call: number }
  | { kind: 'cancel'; call: number; by: 'client' | 'server' }
  | { kind: 'carry'; octets: number }
  | { kind: 'carryBack'; octets: number }
  | { kind: 'congest'; who: 'client' | 'server' }
  | { kind: 'require'; call: number; octets: number }
  | { kind: 'read' };

const call = fc.nat(7);
const length = fc.oneof(fc.nat(20), fc.nat(5_000), fc.nat(200_000));
const cut = fc.oneof(fc.constant(1), fc.nat(30), fc.nat(100_000));
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant('open' as const) }),
  fc.record({ kind: fc.constant('send' as const), call, length }),
  fc.record({ kind: fc.constant('halfClose' as const), call }),
  fc.record({ kind: fc.constant('answer' as const), call, length }),
  fc.record({ kind: fc.constant('finish' as const), call }),
  fc.record({ kind: fc.constant('cancel' as const), call, by: fc.constantFrom('client' as const, 'server' as const) }),
  fc.record({ kind: fc.constant('carry' as const), octets: cut }),
  fc.record({ kind: fc.constant('carryBack' as const), octets: cut }),
  fc.record({ kind: fc.constant('congest' as const), who: fc.constantFrom('client' as const, 'server' as const) }),
  fc.record({ kind: fc.constant('require' as const), call, octets: fc.nat(300_000) }),
  fc.record({ kind: fc.constant('read' as const) }),
);

/** Octets in transit one way. */
class Pipe {
  #bytes = Buffer.alloc(0);
  readonly auditor: Auditor;

  constructor(preface: boolean) {
    this.auditor = new Auditor(preface);
  }

  fill(from: Endpoint, reverse: Pipe): void {
    const bytes = from.take();
    if (bytes.length === 0) return;
    this.auditor.see(bytes, reverse.auditor);
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  carry(to: Endpoint, octets: number): number {
    const count = Math.min(octets, this.#bytes.length);
    // A copy, because what is received must not change.
    if (count > 0) to.receive(Buffer.from(this.#bytes.subarray(0, count)));
    this.#bytes = this.#bytes.subarray(count);
    return count;
  }
}

function run(operations: Operation[], windows: [client: number, server: number]): void {
  const budgets = [new ReceiveBudget(64 * 1024 * 1024), new ReceiveBudget(64 * 1024 * 1024)];
  const caller = new Endpoint('client', { budget: budgets[0], streamWindow: windows[0], connectionWindow: 100_000 });
  const callee = new Endpoint('server', { budget: budgets[1], streamWindow: windows[1], connectionWindow: 100_000 });
  const [there, back] = [new Pipe(true), new Pipe(false)];
  const calls: Call[] = [];
  const answers = new Map<number, { headers: boolean; finished: boolean }>();
  /** Octets that are read later, by stream and side. */
  const unread: { stream: Http2Stream; octets: number }[] = [];
  let counter = 0;

  const content = (octets: number) => {
    const bytes = Buffer.alloc(octets);
    for (let index = 0; index < octets; index++) bytes[index] = counter++;
    return bytes;
  };
  const hold = (heard: { reads: boolean; onMore: unknown; chunks: Uint8Array[] }) => {
    heard.reads = false;
    let seen = 0;
    heard.onMore = (_: unknown, stream: Http2Stream) => {
      for (; seen < heard.chunks.length; seen++) {
        const octets = heard.chunks[seen].length;
        if (octets > 0) unread.push({ stream, octets });
      }
    };
  };
  const readAll = () => {
    for (const { stream, octets } of unread.splice(0)) stream.release(octets);
  };
  callee.onRequest = (stream, heard) => {
    answers.set(stream.id, { headers: false, finished: false });
    hold(heard);
  };
  const move = () => {
    there.fill(caller, back);
    back.fill(callee, there);
    caller.connection.resumeOutput();
    callee.connection.resumeOutput();
  };
  const answer = (stream: Http2Stream | undefined, octets: number, finish: boolean) => {
    if (stream === undefined) return;
    const state = answers.get(stream.id);
    const mine = calls.find((one) => one.stream.id === stream.id);
    if (state === undefined || state.finished || mine === undefined || stream.localClosed) return;
    if (!state.headers) stream.sendHeaders(responseHeader, false);
    state.headers = true;
    const bytes = content(octets);
    mine.answered.push(bytes);
    stream.sendData(bytes, false);
    if (finish) {
      state.finished = true;
      stream.sendHeaders(trailer, true);
    }
  };

  for (const one of operations) {
    const target = 'call' in one ? calls[one.call % Math.max(calls.length, 1)] : undefined;
    switch (one.kind) {
      case 'open': {
        if (!caller.connection.handshakeDone || !caller.connection.hasCapacity) break;
        const { stream, heard } = caller.open(requestHeader);
        hold(heard);
        calls.push({ stream, sent: [], answered: [], halfClosed: false });
        break;
      }
      case 'send':
        if (target === undefined || target.halfClosed || target.stream.closed) break;
        target.sent.push(content(one.length));
        target.stream.sendData(target.sent.at(-1)!, false);
        break;
      case 'halfClose':
        if (target === undefined || target.halfClosed) break;
        target.halfClosed = true;
        target.stream.sendData(Buffer.alloc(0), true);
        break;
      case 'answer':
      case 'finish':
        answer(
          callee.streams.get(target?.stream.id ?? 0),
          one.kind === 'answer' ? one.length : 0,
          one.kind === 'finish',
        );
        break;
      case 'cancel':
        if (one.by === 'client') target?.stream.reset(8);
        else callee.streams.get(target?.stream.id ?? 0)?.reset(8);
        break;
      case 'carry':
        there.carry(callee, one.octets);
        break;
      case 'carryBack':
        back.carry(caller, one.octets);
        break;
      case 'congest': {
        const { connection } = one.who === 'client' ? caller : callee;
        connection.congested = !connection.congested;
        connection.resumeOutput();
        break;
      }
      case 'require':
        callee.streams.get(target?.stream.id ?? 0)?.require(one.octets);
        break;
      case 'read':
        readAll();
        break;
    }
    move();
  }

  // Let everything come to its end.
  caller.connection.congested = callee.connection.congested = false;
  caller.connection.resumeOutput();
  callee.connection.resumeOutput();
  const settle = () => {
    for (let quiet = false; !quiet; ) {
      move();
      const moved = there.carry(callee, 50_000) + back.carry(caller, 50_000);
      quiet = moved === 0 && unread.length === 0;
      readAll();
    }
  };
  settle();
  for (const one of calls) {
    if (!one.halfClosed) one.stream.sendData(Buffer.alloc(0), true);
    answer(callee.streams.get(one.stream.id), 0, true);
  }
  settle();

  expect(caller.ends + callee.ends).toBe(0);
  for (const { stream, sent, answered } of calls) {
    const response = caller.heard.get(stream.id)!;
    const request = callee.heard.get(stream.id);
    const cancelled = operations.some((one) => one.kind === 'cancel');
    const [expected, got] = [Buffer.concat(sent), request?.data ?? Buffer.alloc(0)];
    const [expectedBack, gotBack] = [Buffer.concat(answered), response.data];
    // A cancelled call has a beginning of it all, any other has all.
    expect(got.equals(expected.subarray(0, got.length))).toBe(true);
    expect(gotBack.equals(expectedBack.subarray(0, gotBack.length))).toBe(true);
    if (cancelled) continue;
    expect([got.length, gotBack.length]).toEqual([expected.length, expectedBack.length]);
    expect([request?.ended, response.ended, response.failure]).toEqual([true, true, undefined]);
    expect(response.headers.at(-1)).toEqual(trailer);
  }
  for (const { connection, budget } of [caller, callee]) {
    expect(connection.streamCount).toBe(0);
    expect(budget.held).toBe(0);
    expect(connection.output.length).toBe(0);
    expect(connection.nextTimeout).toBe(Number.POSITIVE_INFINITY);
  }
}

describe('two connections', () => {
  it('carry any calls in any pieces, within their windows', () => {
    const windows = fc.tuple(
      fc.constantFrom(1, 100, 30_000, 65_535, 128 * 1024),
      fc.constantFrom(1_000, 65_535, 200_000),
    );
    fc.assert(
      fc.property(fc.array(operation, { minLength: 20, maxLength: 120, size: 'max' }), windows, (operations, sizes) => {
        run(
          [{ kind: 'carry', octets: 1_000 }, { kind: 'carryBack', octets: 1_000 }, { kind: 'open' }, ...operations],
          sizes,
        );
      }),
      { numRuns: 60 },
    );
  });

  it('carry calls octet by octet', () => {
    const operations: Operation[] = [
      { kind: 'carry', octets: 1_000 },
      { kind: 'carryBack', octets: 1_000 },
    ];
    for (let count = 0; count < 3; count++) {
      operations.push({ kind: 'open' }, { kind: 'send', call: count, length: 300 }, { kind: 'halfClose', call: count });
    }
    for (let count = 0; count < 1_200; count++) operations.push({ kind: 'carry', octets: 1 });
    for (let count = 0; count < 3; count++) {
      operations.push({ kind: 'answer', call: count, length: 200 }, { kind: 'finish', call: count });
    }
    for (let count = 0; count < 900; count++) operations.push({ kind: 'carryBack', octets: 1 }, { kind: 'read' });
    run(operations, [65_535, 65_535]);
  });
});

describe('a reader', () => {
  it('survives any bytes: it goes on or says GOAWAY', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('client' as const, 'server' as const),
        fc.array(
          fc.record({
            type: fc.nat(11),
            flags: fc.constantFrom(0, 1, 4, 5, 8, 0x20, 0x2d, 0xff),
            id: fc.nat(5),
            payload: fc.uint8Array({ maxLength: 40 }),
          }),
          { maxLength: 30 },
        ),
        fc.nat(50),
        (role, frames, step) => {
          const endpoint = new Endpoint(role);
          if (role === 'client') for (let count = 0; count < 3; count++) endpoint.open();
          endpoint.onRequest = (stream, heard) => {
            heard.onMore = () => stream.require(100_000);
          };
          const chunks = frames.map(({ type, flags, id, payload }) =>
            Buffer.concat([Buffer.of(0, 0, payload.length, type, flags, 0, 0, 0, id), payload]),
          );
          const preface = role === 'server' ? Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') : Buffer.alloc(0);
          const bytes = Buffer.concat([preface, Buffer.from('000000040000000000', 'hex'), ...chunks]);
          for (let at = 0; at < bytes.length; at += step + 1) endpoint.receive(bytes.subarray(at, at + step + 1));
          const sent = endpoint.sent();
          expect(sent.some(({ type }) => type === GOAWAY)).toBe(endpoint.error !== undefined && !endpoint.error.remote);
          if (!endpoint.connection.ended) endpoint.connection.terminate('done');
          expect(endpoint.budget.held).toBe(0);
          expect(endpoint.connection.streamCount).toBe(0);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

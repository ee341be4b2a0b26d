import { Http2Connection } from '../../src/http2/connection.js';
import type { ConnectionError } from '../../src/http2/connection-error.js';
import type { ConnectionHandler } from '../../src/http2/connection-handler.js';
import { ReceiveBudget } from '../../src/http2/receive-budget.js';
import type { Http2Stream } from '../../src/http2/stream.js';
import type { StreamFailure, StreamHandler } from '../../src/http2/stream-handler.js';
import * as wire from '../http2/wire.js';
import { check } from './check.js';

const OUTPUT_LIMIT = 64 * 1024;
/** What may gather for a peer that does not read: header sections and answers beyond the limit of DATA. */
const MOST_OUTPUT = OUTPUT_LIMIT + 6 * 1024 * 1024;

const requestHeader = [':method', 'POST', ':scheme', 'http', ':path', '/a.B/C', 'content-type', 'application/grpc'];
const responseHeader = [':status', '200', 'content-type', 'application/grpc'];

/** How the owner of a connection behaves. */
export interface Manners {
  readonly role: 'client' | 'server';
  readonly streamWindow: number;
  /** Takes output as soon as there is any; never else, as if the socket took nothing. */
  readonly takes: boolean;
  /** What is done with stream `id`: by its place in this list. */
  readonly ofStream: readonly ('read' | 'hold' | 'answer' | 'reset' | 'widen' | 'finish')[];
  /** Octets that a client sends on each of its streams at the start. */
  readonly sends: number;
}

/** One connection, all that it says to its owner, and what must be true of it after every word. */
export class ObservedConnection implements ConnectionHandler, StreamHandler {
  readonly connection: Http2Connection;
  readonly budget = new ReceiveBudget(1024 * 1024);
  /** What happened, in words that do not depend on how the octets were cut. */
  readonly events: string[] = [];
  readonly #manners: Manners;
  readonly #data = new Map<number, Buffer[]>();
  readonly #held = new Map<Http2Stream, number>();
  readonly #over = new Set<number>();
  readonly #log: wire.FrameLog;
  #ended: ConnectionError | 'in order' | undefined;

  constructor(manners: Manners) {
    const { role, streamWindow } = manners;
    this.#manners = manners;
    this.#log = new wire.FrameLog(role === 'client');
    const limits = {
      maxConcurrentStreams: 20,
      connectionWindow: 200_000,
      maxFrameSize: 16_384,
      maxHeaderListSize: 8_192,
    };
    const timeouts = { handshakeTimeout: 5_000, unfinishedTimeout: 10_000 };
    this.connection = new Http2Connection(
      { role, streamWindow, outputLimit: OUTPUT_LIMIT, budget: this.budget, ...limits, ...timeouts },
      this,
    );
    this.connection.start(1_000);
    if (role === 'server') return;
    for (let count = 0; count < 4; count++) {
      const stream = this.connection.openStream(requestHeader, false, this);
      if (manners.sends > 0) stream.sendData(Buffer.alloc(manners.sends), true);
    }
  }

  receive(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      this.connection.receive(piece, 1_000);
      this.#checkNumbers();
    }
  }

  /** The peer goes away; then nothing may be left. */
  finish(): void {
    if (!this.connection.ended) this.connection.terminate('done');
    for (const [stream, octets] of this.#held) stream.release(octets);
    check(this.budget.held === 0, () => `the budget holds ${this.budget.held} octets after the end`);
    check(this.connection.streamCount === 0, 'streams are left after the end');
    check(this.connection.nextTimeout === Number.POSITIVE_INFINITY, 'a timeout is left after the end');
    check(this.#ended !== undefined, 'the owner was not told of the end');
    this.#take();
    this.#checkOutput();
  }

  /** The fault that this side found, if any. */
  get error(): ConnectionError | undefined {
    return typeof this.#ended === 'object' ? this.#ended : undefined;
  }

  /** The octets that each stream has delivered. What of a failed one had come depends on the cuts. */
  content(): Map<number, string> {
    const content = new Map<number, string>();
    for (const [id, pieces] of this.#data) {
      if (!this.#over.has(id)) content.set(id, Buffer.concat(pieces).toString('base64'));
    }
    return content;
  }

  // --------------------------------------------------------------------------------------------- ConnectionHandler

  onOutput(): void {
    if (this.#manners.takes) this.#take();
    check(this.connection.output.length <= MOST_OUTPUT, () => `${this.connection.output.length} octets of output`);
  }

  onStream(stream: Http2Stream, fields: string[], endStream: boolean): void {
    this.#tell(`request ${stream.id} ${fields.join()} ${endStream}`);
    stream.handler = this;
    this.#behave(stream, endStream);
  }

  onSettings(settings: object): void {
    this.#tell(`settings ${JSON.stringify(settings)}`);
  }

  onStreamClosed(stream: Http2Stream): void {
    this.#tell(`closed ${stream.id}`);
  }

  onGoaway(lastStreamId: number, errorCode: number, debugData: string): void {
    this.#tell(`goaway ${lastStreamId} ${errorCode} ${debugData}`);
  }

  onPingAcknowledged(payload: bigint): void {
    this.#tell(`ping ${payload}`);
  }

  onEnd(error: ConnectionError | undefined): void {
    check(this.#ended === undefined, 'the connection ended twice');
    this.#ended = error ?? 'in order';
    this.#tell(`end ${error?.message}`);
  }

  // ------------------------------------------------------------------------------------------------- StreamHandler

  onHeaders(stream: Http2Stream, fields: string[], endStream: boolean): void {
    check(!this.#over.has(stream.id), 'a header section came after the end of its stream');
    this.#tell(`headers ${stream.id} ${fields.join()} ${endStream}`);
    this.#behave(stream, endStream);
  }

  onData(stream: Http2Stream, payload: Uint8Array, endStream: boolean): void {
    check(!this.#over.has(stream.id), 'DATA came after the end of its stream');
    const pieces = this.#data.get(stream.id) ?? [];
    pieces.push(Buffer.from(payload));
    this.#data.set(stream.id, pieces);
    if (this.#mannersOf(stream) === 'hold') {
      this.#held.set(stream, (this.#held.get(stream) ?? 0) + payload.length);
    } else {
      stream.release(payload.length);
    }
    if (!endStream) return;
    this.#tell(`data ended ${stream.id}`);
    this.#behave(stream, true);
  }

  onWritable(): void {}

  onFailure(stream: Http2Stream, { errorCode, origin, unprocessed, reason }: StreamFailure): void {
    check(!this.#over.has(stream.id), 'a stream failed twice');
    this.#over.add(stream.id);
    this.#tell(`failed ${stream.id} ${errorCode} ${origin} ${unprocessed} ${reason}`);
  }

  // ------------------------------------------------------------------------------------------------------- behaving

  #mannersOf({ id }: Http2Stream): Manners['ofStream'][number] {
    const { ofStream } = this.#manners;
    return ofStream[(id >>> 1) % ofStream.length] as Manners['ofStream'][number];
  }

  #behave(stream: Http2Stream, endStream: boolean): void {
    const manner = this.#mannersOf(stream);
    if (manner === 'reset') {
      this.#over.add(stream.id);
      stream.reset(8);
    } else if (manner === 'widen' && !endStream) {
      stream.require(300_000);
    } else if (this.#manners.role === 'server' && (manner === 'finish' || endStream) && !stream.localClosed) {
      if (manner === 'answer') {
        stream.sendHeaders(responseHeader, false);
        stream.sendData(Buffer.alloc(20_000), false);
        stream.sendHeaders(['grpc-status', '0'], true);
      } else {
        stream.finish([...responseHeader, 'grpc-status', '12']);
      }
    }
  }

  #tell(event: string): void {
    check(this.#ended === undefined || event.startsWith('closed') || event.startsWith('end'), 'words after the end');
    this.events.push(event);
    check(this.events.length < 100_000, 'events without an end');
  }

  #take(): void {
    const { chunks, replies } = this.connection.takeOutput();
    this.connection.outputDelivered(replies);
    this.#log.add(...chunks);
  }

  // ------------------------------------------------------------------------------------------------------- checking

  #checkNumbers(): void {
    check(this.budget.held >= 0, 'the budget is negative');
    let counted = 0;
    for (const stream of this.connection.streams) {
      const { id, receiveWindow, arriving, held, uncredited, extended, wanted } = stream;
      const numbers = { receiveWindow, arriving, held, uncredited, extended, wanted, counted: stream.counted };
      for (const [name, value] of Object.entries(numbers)) check(value >= 0, `${name} of stream ${id} is ${value}`);
      check(stream.sendWindow <= 0x7fffffff, 'a window is too wide');
      counted += stream.counted + held;
    }
    // What is held of streams that have ended counts, too.
    check(this.budget.held >= counted, () => `the budget holds ${this.budget.held} octets, the streams ${counted}`);
  }

  /** What went out is frames, and the last word of a connection that failed is GOAWAY. */
  #checkOutput(): void {
    const { frames } = this.#log;
    const failed = typeof this.#ended === 'object' && !this.#ended.remote;
    if (!failed) return;
    const last = frames.at(-1);
    check(last?.type === wire.GOAWAY, () => `the last frame is of type ${last?.type}`);
    check(last.payload.readUInt32BE(4) === (this.#ended as ConnectionError).errorCode, 'GOAWAY has another code');
    const errors = frames.filter(({ type, payload }) => type === wire.GOAWAY && payload.readUInt32BE(4) !== 0);
    check(errors.length === 1, 'GOAWAY was said more than once');
  }
}

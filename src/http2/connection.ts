import { ConnectionError } from './connection-error.js';
import type { ConnectionHandler } from './connection-handler.js';
import { ErrorCode, errorCodeName } from './error-code.js';
import { FloodGuard } from './flood-guard.js';
import { FrameFlag, FrameType, MAX_INT31, readUint32 } from './frame.js';
import { FrameReader, type FrameSink } from './frame-reader.js';
import { FrameWriter } from './frame-writer.js';
import { checkRequestFields, checkResponseFields, checkTrailerFields, contentLength } from './header-validation.js';
import { HpackDecoder } from './hpack/hpack-decoder.js';
import { HpackEncoder } from './hpack/hpack-encoder.js';
import { HpackError } from './hpack/hpack-error.js';
import type { OutputBuffer } from './output-buffer.js';
import type { PayloadMemory } from './payload-memory.js';
import type { ReceiveBudget } from './receive-budget.js';
import { ReceiveFlow, type ReceiveFlowOwner } from './receive-flow.js';
import { ResetStreams } from './reset-streams.js';
import { SendFlow } from './send-flow.js';
import { applySettings, initialSettings, type Settings } from './settings.js';
import { Http2Stream, type StreamConnection } from './stream.js';
import type { StreamFailure, StreamHandler } from './stream-handler.js';
import { StreamTable } from './stream-table.js';

/** What a connection is made with; the defaults of a running system are in `transport/limits.ts`. */
export interface ConnectionOptions {
  readonly role: 'client' | 'server';
  /** Streams that the peer may have open at once; more are refused with REFUSED_STREAM. */
  readonly maxConcurrentStreams: number;
  /** Octets that may be on their way for a stream, at least 1, and for the whole connection, at least 65,535. */
  readonly streamWindow: number;
  readonly connectionWindow: number;
  /** Largest frame payload that is accepted, in octets, 16,384 to 16,777,215. */
  readonly maxFrameSize: number;
  /** Octets of a header section, counted as RFC 9113 section 6.5.2 does. */
  readonly maxHeaderListSize: number;
  /** Milliseconds until the peer's SETTINGS must have come. */
  readonly handshakeTimeout: number;
  /** Milliseconds until a begun frame or header block must be whole. */
  readonly unfinishedTimeout: number;
  /** Octets of output above which DATA waits in its stream. */
  readonly outputLimit: number;
  /** Counts received octets that wait in memory. Octets that wait to be sent have the same limit, on their own. */
  readonly budget: ReceiveBudget;
  /** Memory of payloads that is used again; none when it is missing. */
  readonly payloadMemory?: PayloadMemory;
}

/** A header list over its limit fails one call. A block over this many octets ends the connection, for it has to be buffered. */
const HEADER_BLOCK_LIMIT = 256 * 1024;

/** Answers (acknowledgements, resets) that may wait for a peer that does not read (CVE-2019-9517). */
const MAX_QUEUED_REPLIES = 4_096;

/** Octets of header sections that may be queued on top of the output limit, likewise. */
const MAX_QUEUED_HEADERS = 4 * 1024 * 1024;

/** Octets of a GOAWAY's debug data that are read. */
const DEBUG_DATA_LENGTH = 1_024;

/** SETTINGS that change the windows of so many streams cost as much as one more frame that carries nothing. */
const STREAMS_PER_CONTROL_FRAME = 10;

const DRAIN_PING = 0x706f64776972n;

/**
 * Lists that a decoder gives again and again, and that were found to be in order: sections without content-length, and
 * trailers. Each belongs to one connection; one set for all takes less than one for each.
 */
const knownSections = new WeakSet<string[]>();
const knownTrailers = new WeakSet<string[]>();

/** What a GOAWAY of the peer said. */
interface Farewell {
  lastStreamId: number;
  errorCode: number;
  debugData: string;
}

/**
 * One side of an HTTP/2 connection (RFC 9113) without I/O: `receive` takes bytes and calls the handlers, what is to be
 * sent gathers in `output`. Time comes in with every call, in milliseconds of any monotonic clock.
 */
export class Http2Connection implements StreamConnection, FrameSink, ReceiveFlowOwner {
  readonly role: 'client' | 'server';
  /** What the peer said in its SETTINGS. */
  readonly peerSettings: Settings = { ...initialSettings };
  /** The first SETTINGS of the peer came. */
  handshakeDone = false;

  readonly #options: ConnectionOptions;
  readonly #handler: ConnectionHandler;
  readonly #reader: FrameReader;
  readonly #writer: FrameWriter;
  readonly #decoder: HpackDecoder;
  readonly #encoder = new HpackEncoder();
  readonly #streams = new StreamTable<Http2Stream>();
  readonly #resetStreams = new ResetStreams();
  readonly #receiveFlow: ReceiveFlow;
  readonly #sendFlow: SendFlow;
  readonly #flood: FloodGuard;

  #ended = false;
  #now = 0;
  #startedAt = 0;
  #settingsAcknowledged = false;
  /** What SETTINGS let go out does not pay for more of them: a peer could widen the windows of all streams octet by octet. */
  #applyingSettings = false;
  #nextStreamId: number;
  /** The newest stream of the peer, and the newest one that this side looked at or may look at. */
  #lastPeerStreamId = 0;
  #lastTakenStreamId = 0;
  #replies = 0;
  #repliesTaken = 0;
  #farewell: Farewell | undefined;
  #draining: 'no' | 'announced' | 'final' = 'no';
  /** The stream of the DATA frame that is being read, unless the payload is of no use. */
  #dataStream: Http2Stream | undefined;
  #dataEndStream = false;

  constructor(options: ConnectionOptions, handler: ConnectionHandler) {
    const { role, maxFrameSize, maxHeaderListSize } = options;
    this.role = role;
    this.#options = options;
    this.#handler = handler;
    const maxHeaderBlock = Math.max(HEADER_BLOCK_LIMIT, 2 * maxHeaderListSize);
    this.#writer = new FrameWriter(options.payloadMemory);
    this.#reader = new FrameReader({ preface: role === 'server', maxFrameSize, maxHeaderBlock }, this);
    this.#flood = new FloodGuard(options.maxConcurrentStreams);
    this.#decoder = new HpackDecoder({ maxHeaderListSize });
    this.#receiveFlow = new ReceiveFlow(options, this.#writer, this.#streams, this);
    this.#sendFlow = new SendFlow(options, this.peerSettings, this.#writer, (stream, end) => this.#sent(stream, end));
    this.#nextStreamId = role === 'client' ? 1 : 2;
  }

  /** Sends the preface and SETTINGS. Call once, before anything else. */
  start(now: number): void {
    this.#now = this.#startedAt = now;
    const { role, maxConcurrentStreams, streamWindow, connectionWindow, maxFrameSize, maxHeaderListSize } =
      this.#options;
    if (role === 'client') this.#writer.preface();
    this.#writer.settings({
      enablePush: role === 'client' ? false : undefined,
      maxConcurrentStreams: role === 'server' ? maxConcurrentStreams : undefined,
      initialWindowSize: streamWindow,
      maxFrameSize,
      maxHeaderListSize,
    });
    const extra = connectionWindow - initialSettings.initialWindowSize;
    if (extra > 0) this.#writer.windowUpdate(0, extra);
    this.#handler.onOutput();
  }

  /** What is to be sent. */
  get output(): OutputBuffer {
    return this.#writer.output;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The transport's word that the socket does not take more; DATA then waits in its stream until `resumeOutput`. */
  get congested(): boolean {
    return this.#sendFlow.congested;
  }

  set congested(congested: boolean) {
    this.#sendFlow.congested = congested;
  }

  /** How many streams are open, in either direction. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /** The streams that are open at this moment, the oldest first. */
  get streams(): Http2Stream[] {
    return this.#streams.values();
  }

  /** Client: a stream can be opened now, as far as GOAWAY and the 31 bits of stream identifiers allow. */
  get usable(): boolean {
    return !this.#ended && this.#farewell === undefined && this.#nextStreamId <= MAX_INT31;
  }

  /** Client: the peer's limit of open streams leaves room for one more. */
  get hasCapacity(): boolean {
    return this.#streams.size < this.peerSettings.maxConcurrentStreams;
  }

  /** Server: this side told the peer to stop opening streams. */
  get draining(): boolean {
    return this.#draining !== 'no';
  }

  /** The next moment at which `handleTimeout` has something to do, in the clock of `now`; Infinity when there is none. */
  get nextTimeout(): number {
    if (this.#ended) return Number.POSITIVE_INFINITY;
    const { handshakeTimeout, unfinishedTimeout } = this.#options;
    const { unfinishedSince } = this.#reader;
    return Math.min(
      this.handshakeDone ? Number.POSITIVE_INFINITY : this.#startedAt + handshakeTimeout,
      unfinishedSince === undefined ? Number.POSITIVE_INFINITY : unfinishedSince + unfinishedTimeout,
    );
  }

  /** Ends the connection if the peer let a deadline of `nextTimeout` pass. */
  handleTimeout(now: number): void {
    if (now < this.nextTimeout) return;
    const { handshakeTimeout, unfinishedTimeout } = this.#options;
    this.fail(
      this.handshakeDone
        ? new ConnectionError(
            ErrorCode.ENHANCE_YOUR_CALM,
            `a frame or header block was unfinished for ${unfinishedTimeout} ms`,
          )
        : new ConnectionError(
            ErrorCode.SETTINGS_TIMEOUT,
            `the peer sent no HTTP/2 SETTINGS within ${handshakeTimeout} ms`,
          ),
    );
  }

  /**
   * Client: opens a stream with a request header section. `usable` and `hasCapacity` must be true. `handler` may hear of the
   * stream's end before this returns.
   *
   * @throws TypeError when a field has characters that cannot be sent; no stream is opened then.
   */
  openStream(fields: readonly string[], endStream: boolean, handler?: StreamHandler): Http2Stream {
    const block = this.#encoder.encode(fields);
    const stream = this.#createStream(this.#nextStreamId);
    stream.handler = handler;
    this.#nextStreamId += 2;
    this.#writeHeaderBlock(stream, block, endStream);
    return stream;
  }

  /** Sends a PING; `onPingAcknowledged` is called with the same payload when the peer answers. */
  sendPing(payload: bigint): void {
    if (this.#ended) return;
    this.#writer.ping(payload, false);
    this.#handler.onOutput();
  }

  /**
   * Server: stops taking streams without losing one (RFC 9113 section 6.8): a GOAWAY that still allows all, and after one
   * round trip (`finishDrain`, which the answer to a PING calls) one that names the last stream taken.
   */
  beginDrain(reason: string): void {
    if (this.#ended || this.#draining !== 'no') return;
    this.#draining = 'announced';
    this.#writeGoaway(MAX_INT31, ErrorCode.NO_ERROR, reason);
    this.sendPing(DRAIN_PING);
  }

  /** The second step of `beginDrain`; later streams are ignored. */
  finishDrain(): void {
    if (this.#ended || this.#draining !== 'announced') return;
    this.#draining = 'final';
    this.#writeGoaway(this.#lastTakenStreamId, ErrorCode.NO_ERROR, 'draining');
    if (this.#streams.size === 0) this.close(ErrorCode.NO_ERROR, 'drained');
  }

  /** Ends the connection from this side: GOAWAY with `reason` as debug data; open streams fail. */
  close(errorCode: number, reason: string): void {
    if (this.#ended) return;
    this.#writeGoaway(this.#lastTakenStreamId, errorCode, reason);
    this.#end(undefined, reason, errorCode);
  }

  /** Ends the connection because the peer broke a rule. */
  fail(error: ConnectionError): void {
    if (this.#ended) return;
    this.#writeGoaway(this.#lastTakenStreamId, error.errorCode, error.message);
    this.#end(error, error.message, error.errorCode);
  }

  /** The byte stream ended, or broke with `cause`: nothing can be sent any more. */
  terminate(reason: string, cause?: Error): void {
    if (this.#ended) return;
    this.output.take();
    // What the peer said before it went is more than how its socket ended.
    const { errorCode = ErrorCode.NO_ERROR, debugData = '' } = this.#farewell ?? {};
    const said = `the peer ended the connection with ${errorCodeName(errorCode)}: ${debugData}`;
    const why = errorCode === ErrorCode.NO_ERROR ? reason : said;
    const options = cause === undefined ? { remote: true } : { remote: true, cause };
    this.#end(new ConnectionError(errorCode, why, options), why, ErrorCode.CANCEL);
  }

  /**
   * Hands over all output as the buffers of one gathering write. When the peer's kernel has it, say so with
   * `outputDelivered(replies)`, and let go the payload memory of each buffer.
   */
  takeOutput(): { chunks: Uint8Array[]; replies: number } {
    const replies = this.#replies - this.#repliesTaken;
    this.#repliesTaken = this.#replies;
    return { chunks: this.output.take(), replies };
  }

  /** A write is done that had `replies` in it: so many fewer wait for the peer. */
  outputDelivered(replies: number): void {
    this.#replies -= replies;
    this.#repliesTaken -= replies;
  }

  /**
   * Whether a message of `octets` on `stream` would not make more than the budget's limit wait for a peer that does not let
   * it in. `whenRelieved` tells when to ask again.
   */
  hasRoom(stream: Http2Stream, octets: number): boolean {
    return this.#ended || this.#sendFlow.hasRoom(stream, octets);
  }

  /** Calls `relieved` once when much of what waits to be sent has gone, or the connection is over. */
  whenRelieved(relieved: () => void): void {
    this.#sendFlow.whenRelieved(relieved);
  }

  /** There is room for more output: DATA that waits for it goes on, each stream in its turn. */
  resumeOutput(): void {
    this.#sendFlow.resume();
  }

  /** Takes bytes of the peer, in any pieces. Nothing of the memory is used after the call, but by handlers that keep what they get. */
  receive(chunk: Uint8Array, now: number): void {
    if (this.#ended) return;
    this.#now = now;
    try {
      this.#reader.read(chunk, now);
    } catch (error) {
      if (error instanceof ConnectionError) this.fail(error);
      else if (error instanceof HpackError) {
        this.fail(new ConnectionError(ErrorCode.COMPRESSION_ERROR, error.message, { cause: error }));
      } else {
        // A fault of a handler: the rest of the chunk is lost, so nothing after it can be read.
        this.fail(new ConnectionError(ErrorCode.INTERNAL_ERROR, 'internal error', { cause: error }));
        throw error;
      }
    }
  }

  // ----------------------------------------------------------------------------------------------------- DATA in

  onDataFrame(id: number, length: number, endStream: boolean): void {
    this.#receiveFlow.receive(length);
    this.#dataStream = undefined;
    this.#dataEndStream = endStream;
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.#refuseFrameOnClosedStream(id, 'DATA');
    if (stream.remoteClosed) return this.#streamError(stream, ErrorCode.STREAM_CLOSED, 'DATA after END_STREAM');
    if (!stream.headersReceived) {
      return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, 'DATA before the header section');
    }
    switch (this.#receiveFlow.admit(stream, length)) {
      case 'beyond the window':
        return this.#streamError(stream, ErrorCode.FLOW_CONTROL_ERROR, "DATA beyond the stream's window");
      case 'no room': {
        const reason = 'too many octets of unread messages are buffered; read them faster, or raise the limit';
        return this.#abortStream(stream, ErrorCode.ENHANCE_YOUR_CALM, reason);
      }
    }
    this.#dataStream = stream;
  }

  onDataPadding(octets: number): void {
    const stream = this.#dataStream;
    if (stream !== undefined && !stream.closed) this.#receiveFlow.padding(stream, octets);
  }

  onDataPayload(payload: Uint8Array, last: boolean): void {
    const stream = this.#dataStream;
    const endStream = last && this.#dataEndStream;
    if (last) {
      this.#dataStream = undefined;
      if (payload.length > 0 || endStream) this.#flood.useful();
      else this.#countControlFrame();
    }
    // It may have been reset since its frame began.
    if (stream === undefined || stream.closed) return;
    const count = payload.length;
    stream.expectedLength -= count;
    if (stream.expectedLength < 0 || (endStream && stream.expectedLength > 0)) {
      return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, 'DATA does not add up to content-length');
    }
    this.#receiveFlow.deliver(stream, count);
    if (endStream) this.#closeRemote(stream);
    if (stream.handler !== undefined) stream.handler.onData(stream, payload, endStream);
    else stream.release(count);
    if (endStream) this.#forgetIfClosed(stream);
  }

  // -------------------------------------------------------------------------------------------- header sections in

  onHeaderBlock(id: number, bytes: Uint8Array, from: number, to: number, endStream: boolean): void {
    // Every block is decoded, also one for a stream that is gone: it changes the dynamic table.
    const fields = this.#decoder.decode(bytes, from, to);
    const tooLarge = this.#decoder.headerListTooLarge;
    const stream = this.#streams.get(id);
    if (stream !== undefined) {
      if (this.role === 'client' && !stream.headersReceived) {
        this.#readResponse(stream, fields, endStream, tooLarge);
      } else {
        this.#flood.useful();
        this.#readTrailers(stream, fields, endStream, tooLarge);
      }
    } else if (this.role === 'server' && id > this.#lastPeerStreamId) {
      this.#flood.useful();
      this.#readRequest(id, fields, endStream, tooLarge);
    } else {
      this.#countControlFrame();
      this.#refuseFrameOnClosedStream(id, 'HEADERS');
    }
  }

  #readRequest(id: number, fields: string[], endStream: boolean, tooLarge: boolean): void {
    if ((id & 1) === 0) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `a client opened stream ${id}, which is even`);
    }
    this.#lastPeerStreamId = id;
    // Not looked at, as the GOAWAY said: the client makes the call again elsewhere.
    if (this.#draining === 'final') return this.#resetStreams.add(id, 'local');
    this.#lastTakenStreamId = id;
    const stream = this.#createStream(id);
    stream.remoteClosed = endStream;
    stream.headersReceived = true;
    stream.headerListTooLarge = tooLarge;
    const malformed = tooLarge || knownSections.has(fields) ? undefined : checkRequestFields(fields);
    if (malformed !== undefined) return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, malformed);
    if (this.#streams.size > this.#options.maxConcurrentStreams) {
      const reason = 'more streams than SETTINGS_MAX_CONCURRENT_STREAMS';
      // Whoever has not seen our SETTINGS cannot know; that lasts no longer than a handshake.
      const knows = this.#settingsAcknowledged || this.#now - this.#startedAt > this.#options.handshakeTimeout;
      if (knows) this.#streamError(stream, ErrorCode.REFUSED_STREAM, reason);
      else this.#abortStream(stream, ErrorCode.REFUSED_STREAM, reason);
      return;
    }
    if (this.#options.budget.refusesStreams) {
      return this.#abortStream(stream, ErrorCode.REFUSED_STREAM, 'too many octets of unread messages are buffered');
    }
    if (!this.#expectLength(stream, fields, endStream)) return;
    this.#handler.onStream(stream, fields, endStream);
    if (endStream) this.#forgetIfClosed(stream);
  }

  #readResponse(stream: Http2Stream, fields: string[], endStream: boolean, tooLarge: boolean): void {
    const malformed = tooLarge || knownSections.has(fields) ? undefined : checkResponseFields(fields);
    if (malformed !== undefined) return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, malformed);
    if (!tooLarge && fields[1].charCodeAt(0) === 0x31) {
      if (endStream) this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, 'an informational response ended the stream');
      else this.#countControlFrame();
      return;
    }
    this.#flood.useful();
    stream.headersReceived = true;
    stream.headerListTooLarge = tooLarge;
    if (!this.#expectLength(stream, fields, endStream)) return;
    this.#deliverHeaders(stream, fields, endStream);
  }

  #readTrailers(stream: Http2Stream, fields: string[], endStream: boolean, tooLarge: boolean): void {
    if (stream.remoteClosed) return this.#streamError(stream, ErrorCode.STREAM_CLOSED, 'HEADERS after END_STREAM');
    const malformed = endStream ? this.#checkTrailers(fields) : 'a second header section without END_STREAM';
    if (malformed !== undefined) return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, malformed);
    if (stream.expectedLength > 0) {
      return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, 'DATA does not add up to content-length');
    }
    stream.headerListTooLarge = tooLarge;
    this.#deliverHeaders(stream, fields, true);
  }

  #checkTrailers(fields: string[]): string | undefined {
    if (knownTrailers.has(fields)) return undefined;
    const malformed = checkTrailerFields(fields);
    if (malformed === undefined && Object.isFrozen(fields)) knownTrailers.add(fields);
    return malformed;
  }

  #deliverHeaders(stream: Http2Stream, fields: string[], endStream: boolean): void {
    if (endStream) this.#closeRemote(stream);
    stream.handler?.onHeaders(stream, fields, endStream);
    if (endStream) this.#forgetIfClosed(stream);
  }

  #expectLength(stream: Http2Stream, fields: string[], endStream: boolean): boolean {
    if (knownSections.has(fields)) return true;
    const expected = contentLength(fields);
    if (expected === undefined) {
      if (Object.isFrozen(fields)) knownSections.add(fields);
      return true;
    }
    stream.expectedLength = expected;
    if (!Number.isNaN(expected) && !(endStream && expected > 0)) return true;
    this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, 'content-length is wrong');
    return false;
  }

  // ------------------------------------------------------------------------------------------------ other frames in

  onFrame(type: number, flags: number, id: number, bytes: Uint8Array, from: number, length: number): void {
    switch (type) {
      case FrameType.WINDOW_UPDATE:
        return this.#readWindowUpdate(bytes, from, length, id);
      case FrameType.RST_STREAM:
        return this.#readReset(bytes, from, length, id);
      case FrameType.SETTINGS:
        return this.#readSettings(bytes, from, length, flags, id);
      case FrameType.PING:
        return this.#readPing(bytes, from, length, flags, id);
      case FrameType.GOAWAY:
        return this.#readGoaway(bytes, from, length, id);
      case FrameType.PRIORITY:
        return this.#readPriority(bytes, from, length, id);
    }
  }

  onUnknownFrame(): void {
    this.#countControlFrame();
  }

  #readWindowUpdate(bytes: Uint8Array, from: number, length: number, id: number): void {
    if (length !== 4) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `WINDOW_UPDATE of ${length} octets`);
    this.#countControlFrame();
    const increment = readUint32(bytes, from) & MAX_INT31;
    if (id === 0) {
      if (increment === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'WINDOW_UPDATE of 0');
      return this.#sendFlow.credit(increment);
    }
    const stream = this.#streams.get(id);
    // Streams that are gone may still be credited: the peer had not heard of their end.
    if (stream === undefined) return this.#checkNotIdle(id, 'WINDOW_UPDATE');
    if (increment === 0) return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, 'WINDOW_UPDATE of 0');
    if (!this.#sendFlow.creditStream(stream, increment)) {
      this.#streamError(stream, ErrorCode.FLOW_CONTROL_ERROR, "the stream's window passed 2^31-1");
    }
  }

  #readReset(bytes: Uint8Array, from: number, length: number, id: number): void {
    if (id === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'RST_STREAM on stream 0');
    if (length !== 4) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `RST_STREAM of ${length} octets`);
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      this.#countControlFrame();
      this.#checkNotIdle(id, 'RST_STREAM');
      // The last word on a stream that had ended: what the peer says on it after that is an error of the stream alone.
      // gRPC C++ 1.51 says the end of a call twice, each with a reset, when its deadline passes on the server.
      if (this.#resetStreams.by(id) === undefined) this.#resetStreams.add(id, 'remote');
      return;
    }
    const errorCode = readUint32(bytes, from);
    this.#resetStreams.add(id, 'remote');
    this.#failStream(stream, {
      errorCode,
      origin: 'remote',
      unprocessed: errorCode === ErrorCode.REFUSED_STREAM,
      reason: `the peer reset the stream with ${errorCodeName(errorCode)}`,
    });
    this.#countReset();
  }

  #readSettings(bytes: Uint8Array, from: number, length: number, flags: number, id: number): void {
    if (id !== 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `SETTINGS on stream ${id}`);
    this.#countControlFrame();
    if ((flags & FrameFlag.ACK) !== 0) {
      if (length !== 0) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'an acknowledgement with SETTINGS');
      if (!this.#settingsAcknowledged) this.#receiveFlow.settingsAcknowledged(this.#streams.values());
      this.#settingsAcknowledged = true;
      return;
    }
    if (length % 6 !== 0) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `SETTINGS of ${length} octets`);
    const settings = this.peerSettings;
    const previousWindow = settings.initialWindowSize;
    const peer = this.role === 'client' ? 'server' : 'client';
    applySettings(settings, peer, bytes, from, from + length, (size) => this.#encoder.setPeerMaxTableSize(size));
    this.#writer.settingsAcknowledgement();
    this.#countReply();
    if (this.#ended) return;
    const change = settings.initialWindowSize - previousWindow;
    if (change !== 0) {
      this.#countControlFrame(this.#streams.size / STREAMS_PER_CONTROL_FRAME);
      this.#sendFlow.changeWindows(this.#streams.values(), change);
    }
    this.handshakeDone = true;
    this.#handler.onSettings(settings);
    this.#applyingSettings = true;
    this.resumeOutput();
    this.#applyingSettings = false;
  }

  #readPing(bytes: Uint8Array, from: number, length: number, flags: number, id: number): void {
    if (id !== 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `PING on stream ${id}`);
    if (length !== 8) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `PING of ${length} octets`);
    this.#countControlFrame();
    const payload = (BigInt(readUint32(bytes, from)) << 32n) | BigInt(readUint32(bytes, from + 4));
    if ((flags & FrameFlag.ACK) === 0) {
      this.#writer.ping(payload, true);
      this.#countReply();
    } else if (payload === DRAIN_PING && this.#draining === 'announced') {
      this.finishDrain();
    } else {
      this.#handler.onPingAcknowledged(payload);
    }
  }

  #readGoaway(bytes: Uint8Array, from: number, length: number, id: number): void {
    if (id !== 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `GOAWAY on stream ${id}`);
    if (length < 8) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `GOAWAY of ${length} octets`);
    this.#countControlFrame();
    // The second GOAWAY of a drain names an earlier stream than the first. A later one is not allowed, and changes nothing.
    const lastStreamId = Math.min(readUint32(bytes, from) & MAX_INT31, this.#farewell?.lastStreamId ?? MAX_INT31);
    const errorCode = readUint32(bytes, from + 4);
    const debugData = Buffer.from(bytes.subarray(from + 8, from + Math.min(length, 8 + DEBUG_DATA_LENGTH))).toString();
    this.#farewell = { lastStreamId, errorCode, debugData };
    this.#handler.onGoaway(lastStreamId, errorCode, debugData);
    if (this.role === 'client') {
      const said = debugData === '' ? errorCodeName(errorCode) : `${errorCodeName(errorCode)}: ${debugData}`;
      for (const stream of this.#streams.values()) {
        if (stream.id <= lastStreamId || stream.closed) continue;
        const reason = `the server did not take the call before it went away (${said})`;
        this.#failStream(stream, { errorCode, origin: 'connection', unprocessed: true, reason });
      }
    }
    this.#endIfDone();
  }

  #readPriority(bytes: Uint8Array, from: number, length: number, id: number): void {
    if (id === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'PRIORITY on stream 0');
    this.#countControlFrame();
    if (length !== 5) return this.#priorityError(id, ErrorCode.FRAME_SIZE_ERROR, `PRIORITY of ${length} octets`);
    if ((readUint32(bytes, from) & MAX_INT31) === id) {
      this.#priorityError(id, ErrorCode.PROTOCOL_ERROR, `stream ${id} depends on itself`);
    }
  }

  /** A stream error, as far as there is a stream to be reset. */
  #priorityError(id: number, errorCode: number, reason: string): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) throw new ConnectionError(errorCode, reason);
    this.#streamError(stream, errorCode, reason);
  }

  /** RFC 9113 section 5.1: an idle stream takes no such frame. */
  #checkNotIdle(id: number, frame: string): void {
    const mine = (id & 1) === (this.role === 'client' ? 1 : 0);
    if (mine ? id >= this.#nextStreamId : id > this.#lastPeerStreamId) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `${frame} on stream ${id}, which is idle`);
    }
  }

  /** RFC 9113 section 5.1, "closed": what was on its way to a stream that this side reset is ignored, all else is an error. */
  #refuseFrameOnClosedStream(id: number, frame: string): void {
    this.#checkNotIdle(id, frame);
    const by = this.#resetStreams.by(id);
    if (by === 'local') return;
    if (by === undefined) {
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, `${frame} on stream ${id}, which has ended`);
    }
    this.#writeReset(id, ErrorCode.STREAM_CLOSED);
    this.#countReset();
  }

  // ------------------------------------------------------------------------------------------------------- streams

  #createStream(id: number): Http2Stream {
    const stream = new Http2Stream(this, id, this.peerSettings.initialWindowSize, this.#receiveFlow.initialWindow);
    this.#streams.add(stream);
    return stream;
  }

  #closeLocal(stream: Http2Stream): void {
    stream.localClosed = true;
    if (stream.resetWhenSent && !stream.remoteClosed) this.resetStream(stream, ErrorCode.NO_ERROR);
    else this.#forgetIfClosed(stream);
  }

  #closeRemote(stream: Http2Stream): void {
    stream.remoteClosed = true;
    this.#receiveFlow.ended(stream);
  }

  #forgetIfClosed(stream: Http2Stream): void {
    if (!stream.closed || this.#streams.get(stream.id) !== stream) return;
    this.#flood.completed();
    this.#removeStream(stream);
    this.#endIfDone();
  }

  /** The caller sees to the end of the connection, when this was its last stream. */
  #removeStream(stream: Http2Stream): void {
    if (!this.#streams.delete(stream.id)) return;
    this.#sendFlow.forget(stream);
    stream.discardQueue();
    this.#receiveFlow.ended(stream);
    this.#handler.onStreamClosed(stream);
  }

  /** Ends a stream without a word to the peer, and tells its owner. */
  #failStream(stream: Http2Stream, failure: StreamFailure): void {
    stream.localClosed = stream.remoteClosed = true;
    this.#removeStream(stream);
    stream.handler?.onFailure(stream, failure);
    this.#endIfDone();
  }

  /** Resets a stream for a reason that its owner has to hear. */
  #abortStream(stream: Http2Stream, errorCode: number, reason: string): void {
    this.#sendFlow.forget(stream);
    this.#writeReset(stream.id, errorCode);
    this.#resetStreams.add(stream.id, 'local');
    this.#failStream(stream, { errorCode, origin: 'local', unprocessed: false, reason });
  }

  /** A fault of the peer that concerns one stream, RFC 9113 section 5.4.2. */
  #streamError(stream: Http2Stream, errorCode: number, reason: string): void {
    this.#abortStream(stream, errorCode, reason);
    // A reset that the peer made us send costs as much as one of its own (CVE-2025-8671).
    this.#countReset();
  }

  // ---------------------------------------------------------------------------------------------- ReceiveFlowOwner

  get now(): number {
    return this.#now;
  }

  onOutput(): void {
    this.#handler.onOutput();
  }

  giveWay(stream: Http2Stream): void {
    if (stream.closed) return;
    const reason = 'the message did not come, and others waited for the room that was kept for it';
    this.#streamError(stream, ErrorCode.ENHANCE_YOUR_CALM, reason);
  }

  // ------------------------------------------------------------------------------------------------ ends of streams

  /** The last stream of a connection that takes no more is the end of it. */
  #endIfDone(): void {
    if (this.#ended || this.#streams.size > 0) return;
    if (this.#draining === 'final') this.close(ErrorCode.NO_ERROR, 'drained');
    else if (this.#farewell !== undefined) {
      const { errorCode, debugData } = this.#farewell;
      const failed = errorCode !== ErrorCode.NO_ERROR;
      const error = failed ? new ConnectionError(errorCode, debugData, { remote: true }) : undefined;
      this.#end(error, debugData, errorCode);
    }
  }

  #end(error: ConnectionError | undefined, reason: string, errorCode: number): void {
    this.#ended = true;
    this.#reader.stop();
    this.#receiveFlow.close();
    const lastStreamId = this.#farewell?.lastStreamId ?? MAX_INT31;
    const streams = this.#streams.values();
    this.#streams.clear();
    this.#sendFlow.close();
    for (const stream of streams) {
      stream.localClosed = stream.remoteClosed = true;
      stream.discardQueue();
      this.#receiveFlow.ended(stream);
      this.#handler.onStreamClosed(stream);
      const unprocessed = this.role === 'client' && stream.id > lastStreamId;
      stream.handler?.onFailure(stream, { errorCode, origin: 'connection', unprocessed, reason });
    }
    this.#handler.onEnd(error);
  }

  // -------------------------------------------------------------------------------------------------------- limits

  #countControlFrame(weight?: number): void {
    if (this.#flood.control(this.#now, weight)) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too many frames that carry nothing');
    }
  }

  #countReset(): void {
    if (this.role === 'server' && this.#flood.reset(this.#now)) {
      this.fail(new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too many streams were reset'));
    }
  }

  #countReply(): void {
    // Counted before it may be taken.
    if (++this.#replies > MAX_QUEUED_REPLIES) this.#failForUnreadOutput();
    else this.#handler.onOutput();
  }

  #failForUnreadOutput(): void {
    this.output.take();
    this.fail(new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'the peer does not read, and too much waits for it'));
  }

  // ---------------------------------------------------------------------------------------------- StreamConnection

  writeHeaders(stream: Http2Stream, fields: readonly string[], endStream: boolean): void {
    if (this.#ended || stream.localClosed) return;
    this.#writeHeaderBlock(stream, this.#encoder.encode(fields), endStream);
  }

  #writeHeaderBlock(stream: Http2Stream, block: Uint8Array, endStream: boolean): void {
    this.#writer.headers(stream.id, block, endStream, this.peerSettings.maxFrameSize);
    this.#flood.useful();
    this.#handler.onOutput();
    if (endStream) this.#closeLocal(stream);
    // DATA stops at the output limit; what grows beyond it are answers to a peer that goes on asking without reading.
    if (this.output.length > this.#options.outputLimit + MAX_QUEUED_HEADERS) this.#failForUnreadOutput();
  }

  writeData(stream: Http2Stream, payload: Uint8Array, from: number, endStream: boolean, most: number): number {
    if (this.#ended || stream.localClosed) return payload.length;
    return this.#sendFlow.write(stream, payload, from, endStream, most);
  }

  #sent(stream: Http2Stream, end: boolean): void {
    if (!this.#applyingSettings) this.#flood.useful();
    this.#handler.onOutput();
    if (end) this.#closeLocal(stream);
  }

  block(stream: Http2Stream): void {
    this.#sendFlow.block(stream);
  }

  keep(payload: Uint8Array): void {
    this.#options.payloadMemory?.keep(payload);
  }

  letGo(payload: Uint8Array): void {
    this.#options.payloadMemory?.letGo(payload);
  }

  queued(octets: number): void {
    this.#sendFlow.queued(octets);
  }

  resetStream(stream: Http2Stream, errorCode: number): void {
    if (this.#streams.get(stream.id) !== stream) return;
    if (!stream.remoteClosed) this.#resetStreams.add(stream.id, 'local');
    stream.localClosed = stream.remoteClosed = true;
    this.#writeReset(stream.id, errorCode);
    this.#removeStream(stream);
    this.#endIfDone();
  }

  widen(stream: Http2Stream, octets: number): void {
    this.#receiveFlow.widen(stream, octets);
  }

  release(stream: Http2Stream, octets: number): void {
    this.#receiveFlow.release(stream, octets);
  }

  // ---------------------------------------------------------------------------------------------------- frames out

  #writeReset(streamId: number, errorCode: number): void {
    this.#writer.reset(streamId, errorCode);
    // A client has opened each stream that it resets; it may cancel as many calls as it likes.
    if (this.role === 'server') this.#countReply();
    else this.#handler.onOutput();
  }

  #writeGoaway(lastStreamId: number, errorCode: number, reason: string): void {
    this.#writer.goaway(lastStreamId, errorCode, reason);
    this.#handler.onOutput();
  }
}

import { ConnectionError } from './connection-error.js';
import type { ConnectionHandler } from './connection-handler.js';
import { ErrorCode, errorCodeName } from './error-code.js';
import { FloodGuard } from './flood-guard.js';
import { CONNECTION_PREFACE, FRAME_HEADER_LENGTH, FrameFlag, FrameType, MAX_INT31, readUint32 } from './frame.js';
import { checkRequestFields, checkResponseFields, checkTrailerFields, contentLength } from './header-validation.js';
import { HpackDecoder } from './hpack/hpack-decoder.js';
import { HpackEncoder } from './hpack/hpack-encoder.js';
import { OutputBuffer } from './output-buffer.js';
import type { ReceiveBudget } from './receive-budget.js';
import { applySettings, encodeSettings, initialSettings, type Settings } from './settings.js';
import { Http2Stream, type StreamConnection } from './stream.js';
import type { StreamFailure } from './stream-handler.js';
import { StreamTable } from './stream-table.js';

/** What a connection is made with; the defaults of a running system are in `transport/limits.ts`. */
export interface ConnectionOptions {
  readonly role: 'client' | 'server';
  /** Streams that the peer may have open at once; more are refused with REFUSED_STREAM. */
  readonly maxConcurrentStreams: number;
  /** Octets that may be on their way, for a stream and for the whole connection. */
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
  /** Counts received octets that wait in memory. */
  readonly budget: ReceiveBudget;
}

/** A DATA frame carries at most this much, so that a large message does not keep the others waiting. */
const DATA_FRAME_LIMIT = 64 * 1024;

/** One stream's share before the next blocked stream has its turn. */
const FLUSH_QUANTUM = 64 * 1024;

/** CONTINUATION frames in one header block (CVE-2024-27316 and its kin). */
const MAX_CONTINUATIONS = 64;

/** Answers (acknowledgements, resets) that may be queued for a peer that does not read (CVE-2019-9517). */
const MAX_QUEUED_REPLIES = 4_096;

/** Octets of header sections that may be queued on top of the output limit, likewise. */
const MAX_QUEUED_HEADERS = 4 * 1024 * 1024;

/** Streams that this side reset lately: what the peer had already sent on them is ignored (RFC 9113 section 5.1). */
const MAX_REMEMBERED_RESETS = 2_048;

const DRAIN_PING = 0x706f64776972n;

/**
 * One side of an HTTP/2 connection (RFC 9113) without I/O: `receive` takes bytes and calls the handlers, what is to be
 * sent gathers in `output`. Time comes in with every call, in milliseconds of any monotonic clock.
 */
export class Http2Connection implements StreamConnection {
  readonly role: 'client' | 'server';
  readonly output = new OutputBuffer();
  /** What the peer said in its SETTINGS. */
  readonly peerSettings: Settings = { ...initialSettings };
  /** The first SETTINGS of the peer came. */
  handshakeDone = false;
  /** The transport's word that the socket does not take more; DATA then waits in its stream. */
  congested = false;

  readonly #options: ConnectionOptions;
  readonly #handler: ConnectionHandler;
  readonly #budget: ReceiveBudget;
  readonly #decoder: HpackDecoder;
  readonly #encoder = new HpackEncoder();
  readonly #streams = new StreamTable<Http2Stream>();
  readonly #blocked = new Set<Http2Stream>();
  readonly #withheld = new Set<Http2Stream>();
  readonly #resetStreams = new Map<number, 'local' | 'remote'>();
  readonly #flood = new FloodGuard();
  readonly #relieved = () => this.#widenNext();

  #ended = false;
  #now = 0;
  #startedAt = 0;
  #sendWindow = initialSettings.initialWindowSize;
  #receiveWindow: number;
  #uncredited = 0;
  #nextStreamId: number;
  #lastPeerStreamId = 0;
  #peerStreamCount = 0;
  #queuedReplies = 0;
  /** Streams whose window was widened for a message that has not come whole yet. */
  #widened = 0;
  #goawayReceived = Number.POSITIVE_INFINITY;
  #draining: 'no' | 'announced' | 'final' = 'no';

  // The frame reader. A frame other than DATA that does not lie whole in one chunk gathers in #partial.
  #prefaceLeft = 0;
  #partial: Buffer = Buffer.allocUnsafeSlow(0);
  #partialLength = 0;
  #unfinishedSince = 0;
  // A DATA frame is delivered in the pieces in which it arrives.
  #dataStream: Http2Stream | undefined;
  #dataLeft = 0;
  #dataPadding = 0;
  #dataPadLengthDue = false;
  #dataEndStream = false;
  #inData = false;
  // A header block that continues in CONTINUATION frames.
  #blockStreamId = 0;
  #blockParts: Uint8Array[] = [];
  #blockLength = 0;
  #blockEndStream = false;

  constructor(options: ConnectionOptions, handler: ConnectionHandler) {
    this.role = options.role;
    this.#options = options;
    this.#handler = handler;
    this.#budget = options.budget;
    this.#decoder = new HpackDecoder({ maxHeaderListSize: options.maxHeaderListSize });
    this.#receiveWindow = options.connectionWindow;
    this.#nextStreamId = options.role === 'client' ? 1 : 2;
    this.#prefaceLeft = options.role === 'server' ? CONNECTION_PREFACE.length : 0;
  }

  /** Sends the preface and SETTINGS. Call once, before anything else. */
  start(now: number): void {
    this.#now = this.#startedAt = now;
    const { role, maxConcurrentStreams, streamWindow, connectionWindow, maxFrameSize, maxHeaderListSize } =
      this.#options;
    if (role === 'client') this.output.append(CONNECTION_PREFACE);
    const settings = encodeSettings({
      enablePush: role === 'client' ? false : undefined,
      maxConcurrentStreams: role === 'server' ? maxConcurrentStreams : undefined,
      initialWindowSize: streamWindow,
      maxFrameSize,
      maxHeaderListSize,
    });
    this.#writeFrameHeader(settings.length, FrameType.SETTINGS, 0, 0);
    this.output.append(settings);
    const extra = connectionWindow - initialSettings.initialWindowSize;
    if (extra > 0) this.#writeWindowUpdate(0, extra);
    this.#handler.onOutput();
  }

  get ended(): boolean {
    return this.#ended;
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
    return !this.#ended && this.#goawayReceived === Number.POSITIVE_INFINITY && this.#nextStreamId <= MAX_INT31;
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
    const handshake = this.handshakeDone ? Number.POSITIVE_INFINITY : this.#startedAt + this.#options.handshakeTimeout;
    const unfinished =
      this.#unfinishedSince === 0 ? Number.POSITIVE_INFINITY : this.#unfinishedSince + this.#options.unfinishedTimeout;
    return Math.min(handshake, unfinished);
  }

  /** Ends the connection if the peer let a deadline of `nextTimeout` pass. */
  handleTimeout(now: number): void {
    if (now < this.nextTimeout) return;
    this.#now = now;
    this.fail(
      this.handshakeDone
        ? new ConnectionError(
            ErrorCode.ENHANCE_YOUR_CALM,
            `a frame or header block was unfinished for ${this.#options.unfinishedTimeout} ms`,
          )
        : new ConnectionError(
            ErrorCode.SETTINGS_TIMEOUT,
            `the peer sent no HTTP/2 SETTINGS within ${this.#options.handshakeTimeout} ms`,
          ),
    );
  }

  /** Client: opens a stream with a request header section. `usable` and `hasCapacity` must be true. */
  openStream(fields: readonly string[], endStream: boolean): Http2Stream {
    const stream = this.#createStream(this.#nextStreamId);
    this.#nextStreamId += 2;
    this.writeHeaders(stream, fields, endStream);
    return stream;
  }

  /** Sends a PING; `onPingAcknowledged` is called with the same payload when the peer answers. */
  sendPing(payload: bigint): void {
    if (this.#ended) return;
    this.#writePing(payload, 0);
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
    this.#writePing(DRAIN_PING, 0);
    this.#handler.onOutput();
  }

  /** The second step of `beginDrain`; later streams are refused. */
  finishDrain(): void {
    if (this.#ended || this.#draining !== 'announced') return;
    this.#draining = 'final';
    this.#writeGoaway(this.#lastPeerStreamId, ErrorCode.NO_ERROR, 'draining');
    this.#handler.onOutput();
    if (this.#streams.size === 0) this.close(ErrorCode.NO_ERROR, 'drained');
  }

  /** Ends the connection from this side: GOAWAY with `reason` as debug data; open streams fail. */
  close(errorCode: number, reason: string): void {
    if (this.#ended) return;
    this.#writeGoaway(this.#lastPeerStreamId, errorCode, reason);
    this.#end(undefined, reason, errorCode);
  }

  /** Ends the connection because the peer broke a rule. */
  fail(error: ConnectionError): void {
    if (this.#ended) return;
    this.#writeGoaway(this.#lastPeerStreamId, error.errorCode, error.message);
    this.#end(error, error.message, error.errorCode);
  }

  /** The byte stream ended or broke: nothing can be sent any more. */
  terminate(reason: string): void {
    if (this.#ended) return;
    this.output.take();
    this.#end(new ConnectionError(ErrorCode.NO_ERROR, reason, { remote: true }), reason, ErrorCode.CANCEL);
  }

  /** The transport took what was in `output`, or the socket takes more again: blocked DATA can go on. */
  outputTaken(): void {
    if (!this.congested) this.#flushBlocked();
  }

  /** The peer's kernel has all that was sent: replies do not pile up. */
  outputDelivered(): void {
    this.#queuedReplies = 0;
  }

  /** Takes bytes of the peer, in any pieces. The memory must not be reused afterwards. */
  receive(chunk: Uint8Array, now: number): void {
    this.#now = now;
    try {
      this.#read(chunk);
    } catch (error) {
      if (error instanceof ConnectionError) this.fail(error);
      else if (error instanceof Error && error.name === 'HpackError') {
        this.fail(new ConnectionError(ErrorCode.COMPRESSION_ERROR, error.message, { cause: error }));
      } else throw error;
    }
  }

  // ---------------------------------------------------------------------------------------------------- frames in

  #read(chunk: Uint8Array): void {
    const end = chunk.length;
    let at = 0;
    if (this.#prefaceLeft > 0) at = this.#readPreface(chunk);
    while (at < end && !this.#ended) {
      if (this.#inData) {
        at = this.#readData(chunk, at);
      } else if (this.#partialLength > 0) {
        at = this.#readPartial(chunk, at);
      } else if (end - at < FRAME_HEADER_LENGTH) {
        this.#keepPartial(chunk, at, FRAME_HEADER_LENGTH);
        at = end;
      } else {
        const length = this.#checkFrame(chunk, at);
        if (chunk[at + 3] === FrameType.DATA) {
          this.#beginData(length, chunk[at + 4], readUint32(chunk, at + 5) & MAX_INT31);
          at += FRAME_HEADER_LENGTH;
        } else if (end - at < FRAME_HEADER_LENGTH + length) {
          this.#keepPartial(chunk, at, FRAME_HEADER_LENGTH + length);
          at = end;
        } else {
          this.#readFrame(chunk, at, length);
          at += FRAME_HEADER_LENGTH + length;
        }
      }
    }
  }

  #readPreface(chunk: Uint8Array): number {
    const from = CONNECTION_PREFACE.length - this.#prefaceLeft;
    const count = Math.min(chunk.length, this.#prefaceLeft);
    for (let index = 0; index < count; index++) {
      if (chunk[index] !== CONNECTION_PREFACE[from + index]) {
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'the client does not speak HTTP/2 with prior knowledge');
      }
    }
    this.#prefaceLeft -= count;
    return count;
  }

  /** Looks at a frame header before its payload is waited for. @returns the payload's length. */
  #checkFrame(bytes: Uint8Array, at: number): number {
    const length = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
    const type = bytes[at + 3];
    if (!this.handshakeDone && (type !== FrameType.SETTINGS || (bytes[at + 4] & FrameFlag.ACK) !== 0)) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'the first frame is not SETTINGS');
    }
    if (length > this.#options.maxFrameSize) {
      throw new ConnectionError(
        ErrorCode.FRAME_SIZE_ERROR,
        `a frame of ${length} octets is over the limit of ${this.#options.maxFrameSize}`,
      );
    }
    if (this.#blockStreamId !== 0) {
      const id = readUint32(bytes, at + 5) & MAX_INT31;
      if (type !== FrameType.CONTINUATION || id !== this.#blockStreamId) {
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a header block was interrupted by another frame');
      }
    }
    // A header block over twice the list size cannot be a list within it: do not buffer it.
    if (type === FrameType.HEADERS || type === FrameType.CONTINUATION) {
      const limit = this.#options.maxHeaderListSize * 2 + 1_024;
      if (this.#blockLength + length > limit) {
        throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, `a header block is over ${limit} octets`);
      }
    }
    return length;
  }

  /** Starts to gather a frame of `total` octets of which only a part is here. */
  #keepPartial(chunk: Uint8Array, at: number, total: number): void {
    if (this.#partial.length < total) {
      const larger = Buffer.allocUnsafeSlow(Math.max(total, 256));
      larger.set(this.#partial.subarray(0, this.#partialLength));
      this.#partial = larger;
    }
    this.#partial.set(chunk.subarray(at), this.#partialLength);
    this.#partialLength += chunk.length - at;
    this.#noteUnfinished();
  }

  /** Goes on gathering. The first nine octets tell how many there will be. */
  #readPartial(chunk: Uint8Array, at: number): number {
    if (this.#partialLength < FRAME_HEADER_LENGTH) {
      const count = Math.min(FRAME_HEADER_LENGTH - this.#partialLength, chunk.length - at);
      this.#keepPartial(chunk.subarray(at, at + count), 0, FRAME_HEADER_LENGTH);
      if (this.#partialLength < FRAME_HEADER_LENGTH) return at + count;
      const length = this.#checkFrame(this.#partial, 0);
      if (this.#partial[3] === FrameType.DATA) {
        this.#partialLength = 0;
        this.#noteUnfinished();
        this.#beginData(length, this.#partial[4], readUint32(this.#partial, 5) & MAX_INT31);
      } else if (length === 0) {
        this.#finishPartial(length);
      }
      return at + count;
    }
    const length = (this.#partial[0] << 16) | (this.#partial[1] << 8) | this.#partial[2];
    const total = FRAME_HEADER_LENGTH + length;
    const count = Math.min(total - this.#partialLength, chunk.length - at);
    this.#keepPartial(chunk.subarray(at, at + count), 0, total);
    if (this.#partialLength === total) this.#finishPartial(length);
    return at + count;
  }

  #finishPartial(length: number): void {
    const frame = this.#partial;
    this.#partialLength = 0;
    // Header blocks and GOAWAY texts may keep views: the memory is not written again.
    this.#partial = Buffer.allocUnsafeSlow(0);
    this.#readFrame(frame, 0, length);
    this.#noteUnfinished();
  }

  #noteUnfinished(): void {
    const unfinished = this.#partialLength > 0 || this.#blockStreamId !== 0;
    if (!unfinished) this.#unfinishedSince = 0;
    else if (this.#unfinishedSince === 0) this.#unfinishedSince = Math.max(this.#now, Number.MIN_VALUE);
  }

  #readFrame(bytes: Uint8Array, at: number, length: number): void {
    const flags = bytes[at + 4];
    const id = readUint32(bytes, at + 5) & MAX_INT31;
    const from = at + FRAME_HEADER_LENGTH;
    switch (bytes[at + 3]) {
      case FrameType.HEADERS:
        return this.#readHeaders(bytes, from, length, flags, id);
      case FrameType.CONTINUATION:
        return this.#readContinuation(bytes, from, length, flags, id);
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
      case FrameType.PUSH_PROMISE:
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'PUSH_PROMISE, although push is off');
      default:
        // Unknown types are ignored, RFC 9113 section 5.5.
        this.#countControlFrame();
    }
  }

  #beginData(length: number, flags: number, id: number): void {
    if (id === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'DATA on stream 0');
    const padded = (flags & FrameFlag.PADDED) !== 0;
    if (padded && length === 0)
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'padded DATA without a pad length');
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "DATA beyond the connection's window");
    }
    // The connection's window is credited on receipt: one unread stream must not block the others.
    this.#uncredited += length;
    if (this.#uncredited * 2 >= this.#options.connectionWindow) {
      this.#writeWindowUpdate(0, this.#uncredited);
      this.#receiveWindow += this.#uncredited;
      this.#uncredited = 0;
      this.#handler.onOutput();
    }
    const endStream = (flags & FrameFlag.END_STREAM) !== 0;
    if (length === 0 && !endStream) this.#countControlFrame();
    else this.#flood.useful();

    let stream = this.#streams.get(id);
    if (stream === undefined) {
      this.#refuseFrameOnClosedStream(id, 'DATA');
    } else if (stream.remoteClosed) {
      this.#streamError(stream, ErrorCode.STREAM_CLOSED, 'DATA after END_STREAM');
      stream = undefined;
    } else if (!stream.headersReceived) {
      this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, 'DATA before the header section');
      stream = undefined;
    } else {
      stream.receiveWindow -= length;
      if (stream.receiveWindow < 0) {
        this.#streamError(stream, ErrorCode.FLOW_CONTROL_ERROR, "DATA beyond the stream's window");
        stream = undefined;
      } else if (length > stream.reserved && this.#budget.exhausted) {
        this.#streamError(
          stream,
          ErrorCode.ENHANCE_YOUR_CALM,
          `${this.#budget.limit} octets of unread messages are buffered, the most that is allowed`,
        );
        stream = undefined;
      }
    }
    this.#dataStream = stream;
    this.#dataLeft = length;
    this.#dataPadding = 0;
    this.#dataPadLengthDue = padded;
    this.#dataEndStream = endStream;
    this.#inData = true;
    if (length === 0) this.#deliverData(new Uint8Array(0), 0);
  }

  #readData(chunk: Uint8Array, from: number): number {
    let at = from;
    if (this.#dataPadLengthDue) {
      this.#dataPadLengthDue = false;
      this.#dataPadding = chunk[at++];
      this.#dataLeft -= 1 + this.#dataPadding;
      if (this.#dataLeft < 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'padding longer than the DATA frame');
      if (this.#dataStream !== undefined) this.#dataStream.uncredited += 1 + this.#dataPadding;
      if (this.#dataLeft === 0) this.#deliverData(chunk.subarray(at, at), 0);
      return this.#skipPadding(chunk, at);
    }
    if (this.#dataLeft > 0) {
      const count = Math.min(this.#dataLeft, chunk.length - at);
      this.#deliverData(chunk.subarray(at, at + count), count);
      at += count;
    }
    return this.#skipPadding(chunk, at);
  }

  #skipPadding(chunk: Uint8Array, at: number): number {
    if (this.#dataLeft > 0) return at;
    const count = Math.min(this.#dataPadding, chunk.length - at);
    this.#dataPadding -= count;
    if (this.#dataPadding === 0) this.#inData = false;
    return at + count;
  }

  #deliverData(payload: Uint8Array, count: number): void {
    const stream = this.#dataStream;
    this.#dataLeft -= count;
    const last = this.#dataLeft === 0;
    if (last && this.#dataPadding === 0) this.#inData = false;
    if (stream === undefined || stream.closed) return;
    const endStream = last && this.#dataEndStream;
    stream.expectedLength -= count;
    if (stream.expectedLength < 0 || (endStream && stream.expectedLength > 0)) {
      this.#dataStream = undefined;
      return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, 'DATA does not add up to content-length');
    }
    if (endStream) {
      stream.remoteClosed = true;
      this.#dataStream = undefined;
    }
    this.#delivered(stream, count);
    stream.handler?.onData(stream, payload, endStream);
    if (endStream) this.#closeIfDone(stream);
  }

  #readHeaders(bytes: Uint8Array, payloadFrom: number, length: number, flags: number, id: number): void {
    if (id === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'HEADERS on stream 0');
    let from = payloadFrom;
    let to = payloadFrom + length;
    if ((flags & FrameFlag.PADDED) !== 0) {
      if (length < 1) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'padded HEADERS without a pad length');
      to -= bytes[from++];
    }
    if ((flags & FrameFlag.PRIORITY) !== 0) {
      if (to - from < 5) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'HEADERS too short for its priority');
      if ((readUint32(bytes, from) & MAX_INT31) === id) {
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a stream cannot depend on itself');
      }
      from += 5;
    }
    if (from > to) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'padding longer than the HEADERS frame');
    this.#flood.useful();
    const endStream = (flags & FrameFlag.END_STREAM) !== 0;
    if ((flags & FrameFlag.END_HEADERS) !== 0) {
      this.#readHeaderBlock(bytes.subarray(from, to), id, endStream);
      return;
    }
    this.#blockStreamId = id;
    this.#blockEndStream = endStream;
    this.#blockParts = [bytes.slice(from, to)];
    this.#blockLength = to - from;
    this.#noteUnfinished();
  }

  #readContinuation(bytes: Uint8Array, from: number, length: number, flags: number, id: number): void {
    if (this.#blockStreamId === 0) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'CONTINUATION without a header block');
    }
    this.#blockParts.push(bytes.slice(from, from + length));
    this.#blockLength += length;
    if (this.#blockParts.length > MAX_CONTINUATIONS) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, `a header block in over ${MAX_CONTINUATIONS} frames`);
    }
    if ((flags & FrameFlag.END_HEADERS) === 0) return;
    const block = Buffer.concat(this.#blockParts, this.#blockLength);
    this.#blockStreamId = this.#blockLength = 0;
    this.#blockParts = [];
    this.#noteUnfinished();
    this.#readHeaderBlock(block, id, this.#blockEndStream);
  }

  #readHeaderBlock(block: Uint8Array, id: number, endStream: boolean): void {
    // Every block is decoded, also one for a stream that is gone: it changes the dynamic table.
    const fields = this.#decoder.decode(block);
    const tooLarge = this.#decoder.headerListTooLarge;
    const stream = this.#streams.get(id);
    if (stream !== undefined) {
      if (this.role === 'client' && !stream.headersReceived) this.#readResponse(stream, fields, endStream, tooLarge);
      else this.#readTrailers(stream, fields, endStream, tooLarge);
      return;
    }
    if (this.role === 'server' && id > this.#lastPeerStreamId) this.#readRequest(id, fields, endStream, tooLarge);
    else this.#refuseFrameOnClosedStream(id, 'HEADERS');
  }

  #readRequest(id: number, fields: string[], endStream: boolean, tooLarge: boolean): void {
    if ((id & 1) === 0)
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `a client opened stream ${id}, which is even`);
    if (this.#draining === 'final') return this.#rememberReset(id, 'local');
    this.#lastPeerStreamId = id;
    const stream = this.#createStream(id);
    stream.remoteClosed = endStream;
    stream.headersReceived = true;
    stream.headerListTooLarge = tooLarge;
    this.#peerStreamCount++;
    const malformed = tooLarge ? undefined : checkRequestFields(fields);
    if (malformed !== undefined) return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, malformed);
    if (this.#peerStreamCount > this.#options.maxConcurrentStreams) {
      return this.#streamError(stream, ErrorCode.REFUSED_STREAM, 'more streams than SETTINGS_MAX_CONCURRENT_STREAMS');
    }
    // Not the peer's fault alone: the refusal does not count against it.
    if (this.#budget.pressed) return this.resetStream(stream, ErrorCode.REFUSED_STREAM);
    if (!this.#expectLength(stream, fields, endStream)) return;
    this.#handler.onStream(stream, fields, endStream);
    if (endStream) this.#closeIfDone(stream);
  }

  #readResponse(stream: Http2Stream, fields: string[], endStream: boolean, tooLarge: boolean): void {
    const malformed = tooLarge ? undefined : checkResponseFields(fields);
    if (malformed !== undefined) return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, malformed);
    if (!tooLarge && fields[1].charCodeAt(0) === 0x31) {
      if (endStream) this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, 'an informational response ended the stream');
      else this.#countControlFrame();
      return;
    }
    stream.headersReceived = true;
    stream.headerListTooLarge = tooLarge;
    if (!this.#expectLength(stream, fields, endStream)) return;
    this.#deliverHeaders(stream, fields, endStream);
  }

  #readTrailers(stream: Http2Stream, fields: string[], endStream: boolean, tooLarge: boolean): void {
    if (stream.remoteClosed) return this.#streamError(stream, ErrorCode.STREAM_CLOSED, 'HEADERS after END_STREAM');
    const malformed = endStream ? checkTrailerFields(fields) : 'a second header section without END_STREAM';
    if (malformed !== undefined) return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, malformed);
    if (stream.expectedLength > 0) {
      return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, 'DATA does not add up to content-length');
    }
    stream.headerListTooLarge = tooLarge;
    this.#deliverHeaders(stream, fields, true);
  }

  #deliverHeaders(stream: Http2Stream, fields: string[], endStream: boolean): void {
    if (endStream) stream.remoteClosed = true;
    stream.handler?.onHeaders(stream, fields, endStream);
    if (endStream) this.#closeIfDone(stream);
  }

  #expectLength(stream: Http2Stream, fields: string[], endStream: boolean): boolean {
    const expected = contentLength(fields);
    if (expected === undefined) return true;
    stream.expectedLength = expected;
    if (!Number.isNaN(expected) && !(endStream && expected > 0)) return true;
    this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, 'content-length is wrong');
    return false;
  }

  #readWindowUpdate(bytes: Uint8Array, from: number, length: number, id: number): void {
    if (length !== 4) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `WINDOW_UPDATE of ${length} octets`);
    this.#countControlFrame();
    const increment = readUint32(bytes, from) & MAX_INT31;
    if (id === 0) {
      if (increment === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'WINDOW_UPDATE of 0');
      this.#sendWindow += increment;
      if (this.#sendWindow > MAX_INT31) {
        throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "the connection's window passed 2^31-1");
      }
      this.#flushBlocked();
      return;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.#checkNotIdle(id, 'WINDOW_UPDATE');
    if (increment === 0) return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, 'WINDOW_UPDATE of 0');
    stream.sendWindow += increment;
    if (stream.sendWindow > MAX_INT31) {
      return this.#streamError(stream, ErrorCode.FLOW_CONTROL_ERROR, "the stream's window passed 2^31-1");
    }
    if (this.#blocked.has(stream)) this.#flushBlocked();
  }

  #readReset(bytes: Uint8Array, from: number, length: number, id: number): void {
    if (id === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'RST_STREAM on stream 0');
    if (length !== 4) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `RST_STREAM of ${length} octets`);
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      this.#countControlFrame();
      return this.#checkNotIdle(id, 'RST_STREAM');
    }
    const errorCode = readUint32(bytes, from);
    this.#rememberReset(id, 'remote');
    this.#failStream(stream, {
      errorCode,
      origin: 'remote',
      unprocessed: errorCode === ErrorCode.REFUSED_STREAM,
      reason: `the peer reset the stream with ${errorCodeName(errorCode)}`,
    });
    if (this.role === 'server' && this.#flood.reset(this.#now)) this.#failForResets();
  }

  #readSettings(bytes: Uint8Array, from: number, length: number, flags: number, id: number): void {
    if (id !== 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `SETTINGS on stream ${id}`);
    this.#countControlFrame();
    if ((flags & FrameFlag.ACK) !== 0) {
      if (length !== 0) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'an acknowledgement with SETTINGS');
      return;
    }
    if (length % 6 !== 0) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `SETTINGS of ${length} octets`);
    const settings = this.peerSettings;
    const previousWindow = settings.initialWindowSize;
    const previousTable = settings.headerTableSize;
    applySettings(settings, bytes, from, from + length);
    if (this.role === 'client' && settings.enablePush && length > 0 && this.#announcesPush(bytes, from, length)) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a server said SETTINGS_ENABLE_PUSH 1');
    }
    if (settings.headerTableSize !== previousTable) this.#encoder.setPeerMaxTableSize(settings.headerTableSize);
    const change = settings.initialWindowSize - previousWindow;
    if (change !== 0) {
      for (const stream of this.#streams.values()) {
        stream.sendWindow += change;
        if (stream.sendWindow > MAX_INT31) {
          throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "SETTINGS made a stream's window pass 2^31-1");
        }
      }
    }
    this.#writeFrameHeader(0, FrameType.SETTINGS, FrameFlag.ACK, 0);
    this.#countReply();
    this.handshakeDone = true;
    this.#handler.onSettings(settings);
    if (change > 0) this.#flushBlocked();
  }

  #announcesPush(bytes: Uint8Array, from: number, length: number): boolean {
    for (let at = from; at < from + length; at += 6) {
      if (bytes[at] === 0 && bytes[at + 1] === 2 && readUint32(bytes, at + 2) === 1) return true;
    }
    return false;
  }

  #readPing(bytes: Uint8Array, from: number, length: number, flags: number, id: number): void {
    if (id !== 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `PING on stream ${id}`);
    if (length !== 8) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `PING of ${length} octets`);
    this.#countControlFrame();
    const payload = (BigInt(readUint32(bytes, from)) << 32n) | BigInt(readUint32(bytes, from + 4));
    if ((flags & FrameFlag.ACK) === 0) {
      this.#writePing(payload, FrameFlag.ACK);
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
    const lastStreamId = readUint32(bytes, from) & MAX_INT31;
    const errorCode = readUint32(bytes, from + 4);
    const debugData = Buffer.from(bytes.subarray(from + 8, from + Math.min(length, 1_024))).toString('utf8');
    this.#goawayReceived = Math.min(this.#goawayReceived, lastStreamId);
    this.#handler.onGoaway(this.#goawayReceived, errorCode, debugData);
    if (this.role === 'client') {
      const said = debugData === '' ? errorCodeName(errorCode) : `${errorCodeName(errorCode)}: ${debugData}`;
      for (const stream of this.#streams.values()) {
        if (stream.id <= this.#goawayReceived) continue;
        const reason = `the server did not take the call before it went away (${said})`;
        this.#failStream(stream, { errorCode, origin: 'connection', unprocessed: true, reason });
      }
    }
    if (this.#streams.size === 0) this.#endAfterGoaway(errorCode, debugData);
  }

  #endAfterGoaway(errorCode: number, debugData: string): void {
    if (this.#ended) return;
    const error =
      errorCode === ErrorCode.NO_ERROR ? undefined : new ConnectionError(errorCode, debugData, { remote: true });
    this.#end(error, debugData, errorCode);
  }

  #readPriority(bytes: Uint8Array, from: number, length: number, id: number): void {
    if (id === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'PRIORITY on stream 0');
    this.#countControlFrame();
    const stream = this.#streams.get(id);
    if (length !== 5) {
      if (stream === undefined) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `PRIORITY of ${length} octets`);
      return this.#streamError(stream, ErrorCode.FRAME_SIZE_ERROR, `PRIORITY of ${length} octets`);
    }
    if ((readUint32(bytes, from) & MAX_INT31) === id) {
      if (stream === undefined) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a stream cannot depend on itself');
      this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, 'a stream cannot depend on itself');
    }
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
    const reset = this.#resetStreams.get(id);
    if (reset === 'local') return;
    if (reset === 'remote') {
      this.#writeReset(id, ErrorCode.STREAM_CLOSED);
      if (this.#flood.reset(this.#now)) this.#failForResets();
      return;
    }
    throw new ConnectionError(ErrorCode.STREAM_CLOSED, `${frame} on stream ${id}, which has ended`);
  }

  // ------------------------------------------------------------------------------------------------------ streams

  #createStream(id: number): Http2Stream {
    const stream = new Http2Stream(this, id, this.peerSettings.initialWindowSize, this.#options.streamWindow);
    this.#streams.add(stream);
    return stream;
  }

  #closeIfDone(stream: Http2Stream): void {
    if (!stream.closed || this.#streams.get(stream.id) !== stream) return;
    this.#flood.completed();
    this.#removeStream(stream);
  }

  #removeStream(stream: Http2Stream): void {
    if (!this.#streams.delete(stream.id)) return;
    if (this.role === 'server') this.#peerStreamCount--;
    this.#blocked.delete(stream);
    this.#withheld.delete(stream);
    stream.discardQueue();
    this.#dropReservation(stream);
    this.#handler.onStreamClosed(stream);
    if (this.#streams.size > 0 || this.#ended) return;
    if (this.#draining === 'final') this.close(ErrorCode.NO_ERROR, 'drained');
    else if (this.#goawayReceived !== Number.POSITIVE_INFINITY) this.#endAfterGoaway(ErrorCode.NO_ERROR, '');
  }

  /** Ends a stream without a word to the peer, and tells its owner. */
  #failStream(stream: Http2Stream, failure: StreamFailure): void {
    stream.localClosed = stream.remoteClosed = true;
    this.#removeStream(stream);
    stream.handler?.onFailure(stream, failure);
  }

  /** A fault of the peer that concerns one stream, RFC 9113 section 5.4.2. */
  #streamError(stream: Http2Stream, errorCode: number, reason: string): void {
    this.#writeReset(stream.id, errorCode);
    this.#rememberReset(stream.id, 'local');
    const origin = 'local';
    this.#failStream(stream, { errorCode, origin, unprocessed: false, reason });
    // A reset that the peer made us send costs as much as one of its own (CVE-2025-8671).
    if (this.role === 'server' && this.#flood.reset(this.#now)) this.#failForResets();
  }

  #failForResets(): void {
    this.fail(new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too many streams were reset'));
  }

  #rememberReset(id: number, by: 'local' | 'remote'): void {
    this.#resetStreams.set(id, by);
    if (this.#resetStreams.size > MAX_REMEMBERED_RESETS) {
      for (const oldest of this.#resetStreams.keys()) {
        this.#resetStreams.delete(oldest);
        break;
      }
    }
  }

  #end(error: ConnectionError | undefined, reason: string, errorCode: number): void {
    this.#ended = true;
    this.#budget.forget(this.#relieved);
    const streams = this.#streams.values();
    this.#streams.clear();
    this.#blocked.clear();
    this.#withheld.clear();
    for (const stream of streams) {
      this.#dropReservation(stream);
      stream.localClosed = stream.remoteClosed = true;
      stream.discardQueue();
      const unprocessed = stream.id > this.#goawayReceived;
      this.#handler.onStreamClosed(stream);
      stream.handler?.onFailure(stream, { errorCode, origin: 'connection', unprocessed, reason });
    }
    this.#handler.onEnd(error);
  }

  #countControlFrame(): void {
    if (this.#flood.control(this.#now)) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too many frames that carry nothing');
    }
  }

  #countReply(): void {
    this.#handler.onOutput();
    if (++this.#queuedReplies > MAX_QUEUED_REPLIES) this.#failForUnreadOutput();
  }

  #failForUnreadOutput(): void {
    this.output.take();
    this.fail(new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too many replies wait for a peer that does not read'));
  }

  // --------------------------------------------------------------------------------------------- StreamConnection

  writeHeaders(stream: Http2Stream, fields: readonly string[], endStream: boolean): void {
    if (this.#ended || stream.localClosed) return;
    const block = this.#encoder.encode(fields);
    const limit = this.peerSettings.maxFrameSize;
    const first = Math.min(block.length, limit);
    const end = endStream ? FrameFlag.END_STREAM : 0;
    this.#writeFrameHeader(
      first,
      FrameType.HEADERS,
      end | (first === block.length ? FrameFlag.END_HEADERS : 0),
      stream.id,
    );
    this.#copy(block, 0, first);
    for (let at = first; at < block.length; at += limit) {
      const to = Math.min(at + limit, block.length);
      this.#writeFrameHeader(
        to - at,
        FrameType.CONTINUATION,
        to === block.length ? FrameFlag.END_HEADERS : 0,
        stream.id,
      );
      this.#copy(block, at, to);
    }
    this.#flood.useful();
    this.#handler.onOutput();
    if (endStream) this.#closeLocal(stream);
    // DATA stops at the output limit; what grows beyond it are answers to a peer that goes on asking without reading.
    if (this.output.length > this.#options.outputLimit + MAX_QUEUED_HEADERS) this.#failForUnreadOutput();
  }

  /**
   * Writes as much of `payload` from `from` on as the windows and the output limit allow.
   *
   * @returns the offset of the first octet that was not written.
   */
  writeData(stream: Http2Stream, payload: Uint8Array, from: number, endStream: boolean): number {
    if (this.#ended || stream.localClosed) return payload.length;
    const frameLimit = Math.min(this.peerSettings.maxFrameSize, DATA_FRAME_LIMIT);
    let at = from;
    do {
      if (this.congested || this.output.length >= this.#options.outputLimit) return at;
      const left = payload.length - at;
      const count = Math.min(left, frameLimit, stream.sendWindow, this.#sendWindow);
      if (count <= 0 && left > 0) return at;
      const last = endStream && count === left;
      this.#writeFrameHeader(count, FrameType.DATA, last ? FrameFlag.END_STREAM : 0, stream.id);
      this.output.append(payload, at, at + count);
      at += count;
      stream.sendWindow -= count;
      this.#sendWindow -= count;
      this.#flood.useful();
      this.#handler.onOutput();
      if (last) this.#closeLocal(stream);
    } while (at < payload.length);
    return at;
  }

  block(stream: Http2Stream): void {
    this.#blocked.add(stream);
  }

  resetStream(stream: Http2Stream, errorCode: number): void {
    if (this.#streams.get(stream.id) !== stream) return;
    this.#writeReset(stream.id, errorCode);
    if (!stream.remoteClosed) this.#rememberReset(stream.id, 'local');
    stream.localClosed = stream.remoteClosed = true;
    this.#removeStream(stream);
  }

  /**
   * Lets an unfinished message come in whole although it is larger than the window. The budget counts it from now on; while
   * that is pressed messages wait in the order in which they asked. One message of a connection may always come, so that
   * unfinished messages do not wait for each other for ever.
   */
  widen(stream: Http2Stream, octets: number): void {
    if (this.#ended || stream.remoteClosed) return;
    if (stream.uncredited > 0) this.#announceCredit(stream);
    const extra = octets - stream.receiveWindow;
    if (extra <= 0) return;
    stream.wanted = extra;
    this.#withheld.add(stream);
    this.#widenNext();
  }

  released(stream: Http2Stream, octets: number): void {
    this.#budget.remove(octets);
    if (this.#ended) return;
    if (this.#withheld.size > 0) this.#widenNext();
    if (stream.uncredited * 2 >= this.#options.streamWindow && !stream.remoteClosed) this.#announceCredit(stream);
  }

  #widenNext(): void {
    for (const stream of this.#withheld) {
      if (this.#budget.pressed && this.#widened > 0) {
        this.#budget.whenRelieved(this.#relieved);
        return;
      }
      this.#withheld.delete(stream);
      const { wanted } = stream;
      stream.wanted = 0;
      if (stream.reserved === 0) this.#widened++;
      stream.reserved += wanted;
      stream.extended += wanted;
      stream.receiveWindow += wanted;
      this.#budget.add(wanted);
      this.#writeWindowUpdate(stream.id, wanted);
      this.#handler.onOutput();
    }
  }

  /** What came of a message that the budget counts since `widen` is not counted twice. */
  #delivered(stream: Http2Stream, octets: number): void {
    stream.held += octets;
    const reserved = Math.min(octets, stream.reserved);
    if (reserved > 0) this.#unreserve(stream, reserved);
    this.#budget.add(octets - reserved);
  }

  #unreserve(stream: Http2Stream, octets: number): void {
    stream.reserved -= octets;
    if (stream.reserved > 0) return;
    this.#widened--;
    if (this.#withheld.size > 0) this.#widenNext();
  }

  #dropReservation(stream: Http2Stream): void {
    if (stream.reserved === 0) return;
    this.#budget.remove(stream.reserved);
    this.#unreserve(stream, stream.reserved);
  }

  #announceCredit(stream: Http2Stream): void {
    this.#writeWindowUpdate(stream.id, stream.uncredited);
    stream.receiveWindow += stream.uncredited;
    stream.uncredited = 0;
    this.#handler.onOutput();
  }

  #closeLocal(stream: Http2Stream): void {
    stream.localClosed = true;
    if (stream.resetWhenSent && !stream.remoteClosed) this.resetStream(stream, ErrorCode.NO_ERROR);
    else this.#closeIfDone(stream);
  }

  /** Gives every blocked stream a share, again and again, until the windows or the output limit stop it. */
  #flushBlocked(): void {
    let progress = true;
    while (progress && this.#blocked.size > 0 && !this.#ended) {
      progress = false;
      for (const stream of [...this.#blocked]) {
        if (this.congested || this.output.length >= this.#options.outputLimit) return;
        if (!this.#blocked.delete(stream)) continue;
        const before = stream.queuedLength;
        if (stream.flush(FLUSH_QUANTUM)) {
          progress = true;
          if (!stream.localClosed) stream.handler?.onWritable(stream);
        } else {
          // Behind the others: the set keeps the order of insertion.
          this.#blocked.add(stream);
          if (stream.queuedLength < before) progress = true;
        }
      }
    }
  }

  // --------------------------------------------------------------------------------------------------- frames out

  #writeFrameHeader(length: number, type: number, flags: number, streamId: number): void {
    const { output } = this;
    output.reserve(FRAME_HEADER_LENGTH);
    const { bytes } = output;
    const at = output.position;
    bytes[at] = length >>> 16;
    bytes[at + 1] = length >>> 8;
    bytes[at + 2] = length;
    bytes[at + 3] = type;
    bytes[at + 4] = flags;
    bytes[at + 5] = streamId >>> 24;
    bytes[at + 6] = streamId >>> 16;
    bytes[at + 7] = streamId >>> 8;
    bytes[at + 8] = streamId;
    output.position = at + FRAME_HEADER_LENGTH;
  }

  #writeUint32(value: number): void {
    const { output } = this;
    output.reserve(4);
    const { bytes } = output;
    bytes[output.position++] = value >>> 24;
    bytes[output.position++] = value >>> 16;
    bytes[output.position++] = value >>> 8;
    bytes[output.position++] = value;
  }

  /** Copies a part of the HPACK encoder's scratch, which the next block overwrites. */
  #copy(block: Uint8Array, from: number, to: number): void {
    const { output } = this;
    output.reserve(to - from);
    const { bytes } = output;
    let at = output.position;
    for (let index = from; index < to; index++) bytes[at++] = block[index];
    output.position = at;
  }

  #writeWindowUpdate(streamId: number, increment: number): void {
    this.#writeFrameHeader(4, FrameType.WINDOW_UPDATE, 0, streamId);
    this.#writeUint32(increment);
  }

  #writeReset(streamId: number, errorCode: number): void {
    this.#writeFrameHeader(4, FrameType.RST_STREAM, 0, streamId);
    this.#writeUint32(errorCode);
    this.#countReply();
  }

  #writePing(payload: bigint, flags: number): void {
    this.#writeFrameHeader(8, FrameType.PING, flags, 0);
    this.#writeUint32(Number(payload >> 32n));
    this.#writeUint32(Number(payload & 0xffffffffn));
  }

  #writeGoaway(lastStreamId: number, errorCode: number, reason: string): void {
    const debugData = Buffer.from(reason.slice(0, 512), 'utf8');
    this.#writeFrameHeader(8 + debugData.length, FrameType.GOAWAY, 0, 0);
    this.#writeUint32(lastStreamId);
    this.#writeUint32(errorCode);
    this.output.append(debugData);
    this.#handler.onOutput();
  }
}

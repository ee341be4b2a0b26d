import { ConnectionError } from './connection-error.js';
import { ErrorCode } from './error-code.js';
import { CONNECTION_PREFACE, FRAME_HEADER_LENGTH, FrameFlag, FrameType, MAX_INT31, readUint32 } from './frame.js';

/** Who takes what a frame reader finds, in the order of the octets. A ConnectionError that is thrown passes through `read`. */
export interface FrameSink {
  /** A DATA frame begins; all its `length` octets, padding included, count against the windows. */
  onDataFrame(streamId: number, length: number, endStream: boolean): void;
  /** So many octets of that frame are padding, or say how much of it there is. */
  onDataPadding(octets: number): void;
  /** A piece of that frame's payload, a view into the chunk, `last` with its end. A frame without payload has one empty piece. */
  onDataPayload(payload: Uint8Array, last: boolean): void;
  /** A whole header block, of HEADERS and its CONTINUATION frames: `bytes[from, to)`, during the call only. */
  onHeaderBlock(streamId: number, bytes: Uint8Array, from: number, to: number, endStream: boolean): void;
  /** A whole frame of another type that RFC 9113 knows: `bytes[from, from + length)` is its payload, during the call only. */
  onFrame(type: number, flags: number, streamId: number, bytes: Uint8Array, from: number, length: number): void;
  /** A frame of a type that nobody knows was skipped. */
  onUnknownFrame(): void;
}

export interface FrameReaderOptions {
  /** Whether the bytes begin with the connection preface, as those of a client do. */
  readonly preface: boolean;
  /** Octets of payload in a frame, at most. */
  readonly maxFrameSize: number;
  /** Octets of an encoded header block, at most. */
  readonly maxHeaderBlock: number;
}

/** Frames in one header block (CVE-2024-27316 and its kin). */
const MAX_HEADER_FRAMES = 64;

/** The largest payload of the frames that are neither DATA nor part of a header block: SETTINGS, GOAWAY and smaller ones. */
const MAX_CONTROL_PAYLOAD = 16_384;

const EMPTY = new Uint8Array(0);

/**
 * Cuts the bytes of a peer, in any pieces, into frames (RFC 9113 section 4). DATA is handed on in the pieces in which it
 * arrives; other frames are read where they lie and gathered only when they are cut.
 */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  readonly #sink: FrameSink;
  #stopped = false;
  #first = true;
  #prefaceLeft: number;

  #state: 'frame' | 'data' | 'skip' = 'frame';
  /** What is still to come of a DATA frame's payload, or of a frame that is skipped. */
  #left = 0;
  #padding = 0;
  #padLengthDue = false;

  /** The cut frame; after it the memory is given up, because it is as large as its frame was. */
  #partial: Buffer = Buffer.allocUnsafeSlow(0);
  #partialLength = 0;

  /** The stream of a header block that goes on in CONTINUATION frames, 0 for none. */
  #blockStreamId = 0;
  #blockParts: Uint8Array[] = [];
  #blockLength = 0;
  #blockEndStream = false;

  #now = 0;
  #unfinishedSince: number | undefined;

  constructor(options: FrameReaderOptions, sink: FrameSink) {
    this.#options = options;
    this.#sink = sink;
    this.#prefaceLeft = options.preface ? CONNECTION_PREFACE.length : 0;
  }

  /**
   * Since when a frame or a header block is unfinished, in the clock of `read`. DATA does not count: what came of it is
   * with its stream, and nothing waits for the rest but that stream.
   */
  get unfinishedSince(): number | undefined {
    return this.#unfinishedSince;
  }

  /** Reads nothing more, not even the rest of the present chunk. */
  stop(): void {
    this.#stopped = true;
    this.#partial = Buffer.allocUnsafeSlow(0);
    this.#blockParts = [];
  }

  /** @throws ConnectionError when the framing is broken or over a limit; the reader is of no more use then. */
  read(chunk: Uint8Array, now: number): void {
    this.#now = now;
    const end = chunk.length;
    let at = this.#prefaceLeft > 0 ? this.#readPreface(chunk) : 0;
    while (at < end && !this.#stopped) {
      if (this.#state === 'data') {
        at = this.#readData(chunk, at);
      } else if (this.#state === 'skip') {
        at = this.#skip(chunk, at);
      } else if (this.#partialLength > 0) {
        at = this.#readPartial(chunk, at);
      } else if (end - at < FRAME_HEADER_LENGTH) {
        at = this.#gather(chunk, at, FRAME_HEADER_LENGTH);
      } else {
        at = this.#readHeader(chunk, at, chunk, at);
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

  /**
   * Begins the frame whose header is at `header[headerAt]`, in the chunk or gathered, and whose header or payload begins at
   * `chunk[at]`.
   *
   * @returns where to read on in the chunk.
   */
  #readHeader(header: Uint8Array, headerAt: number, chunk: Uint8Array, at: number): number {
    const length = this.#checkHeader(header, headerAt);
    const type = header[headerAt + 3];
    const gathered = header !== chunk;
    const payloadAt = gathered ? at : at + FRAME_HEADER_LENGTH;
    if (type === FrameType.DATA || type > FrameType.CONTINUATION) {
      this.#partialLength = 0;
      this.#noteUnfinished();
      if (type === FrameType.DATA) {
        this.#beginData(length, header[headerAt + 4], readUint32(header, headerAt + 5) & MAX_INT31);
      } else {
        this.#left = length;
        this.#state = 'skip';
        if (length === 0) this.#skip(chunk, payloadAt);
      }
      return payloadAt;
    }
    const total = FRAME_HEADER_LENGTH + length;
    if (gathered) {
      if (length === 0) this.#finishPartial();
      return at;
    }
    if (chunk.length - at < total) return this.#gather(chunk, at, total);
    this.#readFrame(chunk, at, length);
    return at + total;
  }

  /** Looks at a frame header before its payload is waited for. @returns the payload's length. */
  #checkHeader(bytes: Uint8Array, at: number): number {
    const length = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
    const type = bytes[at + 3];
    if (this.#first) {
      if (type !== FrameType.SETTINGS || (bytes[at + 4] & FrameFlag.ACK) !== 0) {
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'the first frame is not SETTINGS');
      }
      this.#first = false;
    }
    const { maxFrameSize, maxHeaderBlock } = this.#options;
    if (length > maxFrameSize) {
      throw new ConnectionError(
        ErrorCode.FRAME_SIZE_ERROR,
        `a frame of ${length} octets is over the limit of ${maxFrameSize}`,
      );
    }
    if (this.#blockStreamId !== 0) {
      const id = readUint32(bytes, at + 5) & MAX_INT31;
      if (type !== FrameType.CONTINUATION || id !== this.#blockStreamId) {
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a header block was interrupted by another frame');
      }
    } else if (type === FrameType.CONTINUATION) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'CONTINUATION without a header block');
    }
    if (type === FrameType.HEADERS || type === FrameType.CONTINUATION) {
      if (this.#blockLength + length > maxHeaderBlock) {
        throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, `a header block is over ${maxHeaderBlock} octets`);
      }
    } else if (type === FrameType.PUSH_PROMISE) {
      // A client never pushes, and a server was told not to.
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'PUSH_PROMISE, although push is off');
    } else if (length > MAX_CONTROL_PAYLOAD && type !== FrameType.DATA && type <= FrameType.CONTINUATION) {
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `a control frame of ${length} octets`);
    }
    return length;
  }

  // -------------------------------------------------------------------------------------------------- frames, cut

  /** Adds octets of the chunk to the cut frame until that has `total`. @returns where to read on. */
  #gather(chunk: Uint8Array, at: number, total: number): number {
    if (this.#partial.length < total) {
      const larger = Buffer.allocUnsafeSlow(Math.max(total, 64));
      larger.set(this.#partial.subarray(0, this.#partialLength));
      this.#partial = larger;
    }
    const to = Math.min(at + total - this.#partialLength, chunk.length);
    this.#partial.set(chunk.subarray(at, to), this.#partialLength);
    this.#partialLength += to - at;
    this.#noteUnfinished();
    return to;
  }

  /** Goes on gathering. The first nine octets tell how many there will be. */
  #readPartial(chunk: Uint8Array, from: number): number {
    let at = from;
    if (this.#partialLength < FRAME_HEADER_LENGTH) {
      at = this.#gather(chunk, at, FRAME_HEADER_LENGTH);
      return this.#partialLength < FRAME_HEADER_LENGTH ? at : this.#readHeader(this.#partial, 0, chunk, at);
    }
    const total = FRAME_HEADER_LENGTH + this.#partialPayloadLength();
    at = this.#gather(chunk, at, total);
    if (this.#partialLength === total) this.#finishPartial();
    return at;
  }

  #partialPayloadLength(): number {
    return (this.#partial[0] << 16) | (this.#partial[1] << 8) | this.#partial[2];
  }

  #finishPartial(): void {
    const frame = this.#partial;
    const length = this.#partialPayloadLength();
    this.#partialLength = 0;
    this.#partial = Buffer.allocUnsafeSlow(0);
    this.#readFrame(frame, 0, length);
    this.#noteUnfinished();
  }

  #noteUnfinished(): void {
    if (this.#partialLength === 0 && this.#blockStreamId === 0) this.#unfinishedSince = undefined;
    else this.#unfinishedSince ??= this.#now;
  }

  // --------------------------------------------------------------------------------------------------------- DATA

  #beginData(length: number, flags: number, id: number): void {
    if (id === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'DATA on stream 0');
    const padded = (flags & FrameFlag.PADDED) !== 0;
    if (padded && length === 0) {
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'padded DATA without a pad length');
    }
    this.#state = 'data';
    this.#left = length;
    this.#padding = 0;
    this.#padLengthDue = padded;
    this.#sink.onDataFrame(id, length, (flags & FrameFlag.END_STREAM) !== 0);
    if (length === 0) this.#deliver(EMPTY);
  }

  #readData(chunk: Uint8Array, from: number): number {
    let at = from;
    if (this.#padLengthDue) {
      this.#padLengthDue = false;
      this.#padding = chunk[at++];
      this.#left -= 1 + this.#padding;
      if (this.#left < 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'padding longer than the DATA frame');
      this.#sink.onDataPadding(1 + this.#padding);
      if (this.#left === 0) this.#deliver(EMPTY);
    } else if (this.#left > 0) {
      const to = Math.min(at + this.#left, chunk.length);
      this.#deliver(chunk.subarray(at, to));
      at = to;
    } else {
      const count = Math.min(this.#padding, chunk.length - at);
      this.#padding -= count;
      if (this.#padding === 0) this.#state = 'frame';
      at += count;
    }
    return at;
  }

  #deliver(payload: Uint8Array): void {
    this.#left -= payload.length;
    const last = this.#left === 0;
    if (last && this.#padding === 0) this.#state = 'frame';
    this.#sink.onDataPayload(payload, last);
  }

  /** Unknown types are ignored, RFC 9113 section 5.5. */
  #skip(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.#left, chunk.length - at);
    this.#left -= count;
    if (this.#left === 0) {
      this.#state = 'frame';
      this.#sink.onUnknownFrame();
    }
    return at + count;
  }

  // ------------------------------------------------------------------------------------------------- frames, whole

  #readFrame(bytes: Uint8Array, at: number, length: number): void {
    const type = bytes[at + 3];
    const flags = bytes[at + 4];
    const id = readUint32(bytes, at + 5) & MAX_INT31;
    const from = at + FRAME_HEADER_LENGTH;
    if (type === FrameType.HEADERS) this.#readHeaders(bytes, from, length, flags, id);
    else if (type === FrameType.CONTINUATION) this.#readContinuation(bytes, from, length, flags);
    else this.#sink.onFrame(type, flags, id, bytes, from, length);
  }

  #readHeaders(bytes: Uint8Array, payloadFrom: number, length: number, flags: number, id: number): void {
    if (id === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'HEADERS on stream 0');
    const padded = (flags & FrameFlag.PADDED) !== 0;
    const priority = (flags & FrameFlag.PRIORITY) !== 0;
    const fixed = (padded ? 1 : 0) + (priority ? 5 : 0);
    if (length < fixed) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `HEADERS of ${length} octets`);
    const padding = padded ? bytes[payloadFrom] : 0;
    if (padding > length - fixed) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'padding longer than the HEADERS frame');
    }
    const from = payloadFrom + fixed;
    const to = payloadFrom + length - padding;
    // Priorities are ignored, but a frame that RFC 7540 section 5.3.1 forbids is still a fault.
    if (priority && (readUint32(bytes, from - 5) & MAX_INT31) === id) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `stream ${id} depends on itself`);
    }
    const endStream = (flags & FrameFlag.END_STREAM) !== 0;
    if ((flags & FrameFlag.END_HEADERS) !== 0) {
      this.#sink.onHeaderBlock(id, bytes, from, to, endStream);
      return;
    }
    this.#blockStreamId = id;
    this.#blockEndStream = endStream;
    this.#keepBlockPart(bytes, from, to);
    this.#noteUnfinished();
  }

  #readContinuation(bytes: Uint8Array, from: number, length: number, flags: number): void {
    this.#keepBlockPart(bytes, from, from + length);
    if ((flags & FrameFlag.END_HEADERS) === 0) return;
    const id = this.#blockStreamId;
    const block = Buffer.concat(this.#blockParts, this.#blockLength);
    this.#blockStreamId = this.#blockLength = 0;
    this.#blockParts = [];
    this.#noteUnfinished();
    this.#sink.onHeaderBlock(id, block, 0, block.length, this.#blockEndStream);
  }

  #keepBlockPart(bytes: Uint8Array, from: number, to: number): void {
    if (this.#blockParts.length === MAX_HEADER_FRAMES) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, `a header block in over ${MAX_HEADER_FRAMES} frames`);
    }
    // Copied, so that a part does not keep its chunk. Not with `slice`, which on a Buffer does not copy.
    this.#blockParts.push(Uint8Array.prototype.slice.call(bytes, from, to));
    this.#blockLength += to - from;
  }
}

import { CONNECTION_PREFACE, FRAME_HEADER_LENGTH, FrameFlag, FrameType } from './frame.js';
import { OutputBuffer } from './output-buffer.js';
import type { PayloadMemory } from './payload-memory.js';
import { encodeSettings, type Settings } from './settings.js';

/** Octets of a GOAWAY's debug data, at most. */
const MAX_DEBUG_DATA = 512;

/** Writes frames (RFC 9113 section 6) into an output buffer, always whole ones. */
export class FrameWriter {
  readonly output: OutputBuffer;
  /** The last frame, if it is DATA: its stream, else 0, where its header is in the open chunk, and the octets of its payload. */
  #dataStreamId = 0;
  #dataAt = 0;
  #dataLength = 0;

  constructor(memory?: PayloadMemory) {
    this.output = new OutputBuffer(memory);
  }

  preface(): void {
    this.output.append(CONNECTION_PREFACE);
  }

  settings(settings: Partial<Settings>): void {
    const payload = encodeSettings(settings);
    this.#header(payload.length, FrameType.SETTINGS, 0, 0);
    this.output.append(payload);
  }

  settingsAcknowledgement(): void {
    this.#header(0, FrameType.SETTINGS, FrameFlag.ACK, 0);
  }

  /** A header block, in as many frames as the peer's `maxFrameSize` asks for. The block is copied. */
  headers(streamId: number, block: Uint8Array, endStream: boolean, maxFrameSize: number): void {
    const end = endStream ? FrameFlag.END_STREAM : 0;
    const { length } = block;
    if (length <= maxFrameSize) {
      this.#header(length, FrameType.HEADERS, end | FrameFlag.END_HEADERS, streamId);
      this.output.copy(block, 0, length);
      return;
    }
    this.#header(maxFrameSize, FrameType.HEADERS, end, streamId);
    this.output.copy(block, 0, maxFrameSize);
    for (let at = maxFrameSize; at < length; at += maxFrameSize) {
      const to = Math.min(at + maxFrameSize, length);
      this.#header(to - at, FrameType.CONTINUATION, to === length ? FrameFlag.END_HEADERS : 0, streamId);
      this.output.copy(block, at, to);
    }
  }

  /**
   * DATA with `payload[from, to)`, whose memory must not change afterwards: a frame of its own, or the end of the last one if
   * that is of the same stream and stays within `maxLength`. Many small messages come in few frames so, and what a frame
   * costs either side, a third of what such a message costs, is paid for all of them together.
   */
  data(
    streamId: number,
    payload: Uint8Array,
    from: number,
    to: number,
    endStream: boolean,
    maxLength: number = to - from,
  ): void {
    const { output } = this;
    const count = to - from;
    if (
      streamId === this.#dataStreamId &&
      this.#dataLength + count <= maxLength &&
      output.canExtend(this.#dataAt, count)
    ) {
      output.copy(payload, from, to);
      this.#dataLength += count;
      const { bytes } = output;
      const at = this.#dataAt;
      writeUint24(bytes, at, this.#dataLength);
      if (endStream) bytes[at + 4] = FrameFlag.END_STREAM;
      return;
    }
    this.#header(count, FrameType.DATA, endStream ? FrameFlag.END_STREAM : 0, streamId);
    const { bytes, position } = output;
    output.append(payload, from, to);
    if (output.bytes !== bytes) return;
    this.#dataStreamId = streamId;
    this.#dataAt = position - FRAME_HEADER_LENGTH;
    this.#dataLength = count;
  }

  windowUpdate(streamId: number, increment: number): void {
    this.#header(4, FrameType.WINDOW_UPDATE, 0, streamId);
    this.#uint32(increment);
  }

  reset(streamId: number, errorCode: number): void {
    this.#header(4, FrameType.RST_STREAM, 0, streamId);
    this.#uint32(errorCode);
  }

  ping(payload: bigint, acknowledgement: boolean): void {
    this.#header(8, FrameType.PING, acknowledgement ? FrameFlag.ACK : 0, 0);
    this.#uint32(Number(payload >> 32n));
    this.#uint32(Number(payload & 0xffffffffn));
  }

  /** `reason` becomes the debug data, cut when it is long. */
  goaway(lastStreamId: number, errorCode: number, reason: string): void {
    const debugData = Buffer.from(reason, 'utf8').subarray(0, MAX_DEBUG_DATA);
    this.#header(8 + debugData.length, FrameType.GOAWAY, 0, 0);
    this.#uint32(lastStreamId);
    this.#uint32(errorCode);
    this.output.append(debugData);
  }

  #header(length: number, type: number, flags: number, streamId: number): void {
    const { output } = this;
    this.#dataStreamId = 0;
    output.reserve(FRAME_HEADER_LENGTH);
    const { bytes, position } = output;
    writeUint24(bytes, position, length);
    bytes[position + 3] = type;
    bytes[position + 4] = flags;
    bytes[position + 5] = streamId >>> 24;
    bytes[position + 6] = streamId >>> 16;
    bytes[position + 7] = streamId >>> 8;
    bytes[position + 8] = streamId;
    output.position = position + FRAME_HEADER_LENGTH;
  }

  #uint32(value: number): void {
    const { output } = this;
    output.reserve(4);
    const { bytes, position } = output;
    bytes[position] = value >>> 24;
    bytes[position + 1] = value >>> 16;
    bytes[position + 2] = value >>> 8;
    bytes[position + 3] = value;
    output.position = position + 4;
  }
}

function writeUint24(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 16;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value;
}

import { Code } from './code.js';
import { lastingCopy } from './lasting-copy.js';
import { MESSAGE_PREFIX_LENGTH } from './message-prefix.js';
import { raiseLimit } from './raise-limit.js';
import { recycledMemory } from './recycled-memory.js';
import { RpcError } from './rpc-error.js';

/** What a partial message gets at first, and by how much more than has arrived its buffer may grow. */
const smallestBuffer = 1024;
const growth = 4;

/**
 * Receives one message. The payload is memory that is never written again, so that views into it may be kept.
 * It must not push into the assembler; it may close it.
 */
export type DeliverMessage = (payload: Uint8Array, compressed: boolean) => void;

/** Reads the length-prefixed messages of one direction of a stream out of chunks that are cut anywhere. */
export class MessageAssembler {
  readonly #maxMessageLength: number;
  #prefixRead = 0;
  #compressed = 0;
  #length = 0;
  /**
   * Grows with what really arrives: the announced length is only a claim of the peer. What is too short for the whole message
   * is `recycledMemory`; the rest is the message's own, for views of it may be kept.
   */
  #body: Uint8Array | undefined;
  #bodyRead = 0;
  #closed = false;

  /** @param maxMessageLength octets of a message as sent, without its prefix */
  constructor(maxMessageLength: number) {
    this.#maxMessageLength = maxMessageLength;
  }

  /** Octets held of an unfinished message, with its prefix. */
  get partialLength(): number {
    return this.#prefixRead + this.#bodyRead;
  }

  /** Length of the unfinished message as its prefix says, 0 when there is none or its prefix is incomplete. */
  get announcedLength(): number {
    return this.#prefixRead === MESSAGE_PREFIX_LENGTH ? this.#length : 0;
  }

  /**
   * Delivers every message that the chunk completes, in order. Nothing of the chunk is kept.
   * @throws RpcError RESOURCE_EXHAUSTED for a message over the limit, INTERNAL for a broken prefix; the assembler is closed then
   */
  push(chunk: Uint8Array, deliver: DeliverMessage): void {
    let offset = 0;
    while (offset < chunk.length && !this.#closed) {
      if (this.#prefixRead < MESSAGE_PREFIX_LENGTH) {
        offset = this.#readPrefix(chunk, offset);
        if (this.#prefixRead < MESSAGE_PREFIX_LENGTH) {
          return;
        }
        this.#checkPrefix();
      }
      const missing = this.#length - this.#bodyRead;
      const available = chunk.length - offset;
      if (available < missing) {
        this.#keep(chunk, offset, available);
        return;
      }
      const end = offset + missing;
      let payload: Uint8Array;
      if (this.#bodyRead === 0) {
        payload = lastingCopy(chunk, offset, end);
      } else {
        this.#keep(chunk, offset, missing);
        payload = this.#body!.subarray(0, this.#length);
      }
      const compressed = this.#compressed === 1;
      offset = end;
      this.#reset();
      deliver(payload, compressed);
    }
  }

  /**
   * The peer has ended the stream.
   * @throws RpcError INTERNAL when a message is unfinished
   */
  end(): void {
    if (this.#closed || this.#prefixRead === 0) {
      return;
    }
    const received = this.partialLength;
    const expected = this.#prefixRead === MESSAGE_PREFIX_LENGTH ? ` of ${MESSAGE_PREFIX_LENGTH + this.#length}` : '';
    this.close();
    throw new RpcError(Code.INTERNAL, `the stream ended inside a message, after ${received}${expected} bytes of it`);
  }

  /** Drops what is held; nothing is delivered any more. */
  close(): void {
    this.#closed = true;
    this.#reset();
  }

  #reset(): void {
    this.#prefixRead = 0;
    this.#compressed = 0;
    if (this.#body !== undefined) recycledMemory.letGo(this.#body);
    this.#length = 0;
    this.#body = undefined;
    this.#bodyRead = 0;
  }

  #readPrefix(chunk: Uint8Array, start: number): number {
    let offset = start;
    if (this.#prefixRead === 0 && chunk.length - offset >= MESSAGE_PREFIX_LENGTH) {
      this.#compressed = chunk[offset]!;
      this.#length =
        ((chunk[offset + 1]! << 24) | (chunk[offset + 2]! << 16) | (chunk[offset + 3]! << 8) | chunk[offset + 4]!) >>>
        0;
      this.#prefixRead = MESSAGE_PREFIX_LENGTH;
      return offset + MESSAGE_PREFIX_LENGTH;
    }
    while (offset < chunk.length && this.#prefixRead < MESSAGE_PREFIX_LENGTH) {
      const octet = chunk[offset++]!;
      if (this.#prefixRead++ === 0) {
        this.#compressed = octet;
      } else {
        this.#length = ((this.#length << 8) | octet) >>> 0;
      }
    }
    return offset;
  }

  #checkPrefix(): void {
    if (this.#compressed > 1) {
      const flag = this.#compressed;
      this.close();
      throw new RpcError(Code.INTERNAL, `received a message with the compressed flag ${flag}; only 0 and 1 exist`);
    }
    if (this.#length > this.#maxMessageLength) {
      const length = this.#length;
      this.close();
      throw new RpcError(
        Code.RESOURCE_EXHAUSTED,
        `received a message of ${length} bytes, larger than the limit of ${this.#maxMessageLength} bytes; ${raiseLimit}`,
      );
    }
  }

  #keep(chunk: Uint8Array, offset: number, length: number): void {
    if (length === 0) {
      return;
    }
    const read = this.#bodyRead + length;
    let body = this.#body;
    if (body === undefined || body.length < read) {
      const room = Math.max(smallestBuffer, read * growth);
      // Not from Buffer's pool: the payload may be kept, and would keep the pool's block.
      const grown =
        room < this.#length ? recycledMemory.lend(room).subarray(0, room) : Buffer.allocUnsafeSlow(this.#length);
      if (body !== undefined) {
        grown.set(body.subarray(0, this.#bodyRead));
        recycledMemory.letGo(body);
      }
      this.#body = body = grown;
    }
    body.set(offset === 0 && length === chunk.length ? chunk : chunk.subarray(offset, offset + length), this.#bodyRead);
    this.#bodyRead = read;
  }
}

import type { Http2Stream } from '../http2/stream.js';
import { decompress } from '../rpc/compression.js';
import { decodeMessage } from '../rpc/decode-message.js';
import { MessageAssembler } from '../rpc/message-assembler.js';
import { MESSAGE_PREFIX_LENGTH } from '../rpc/message-prefix.js';
import type { AnyMessageType } from '../rpc/service-definition.js';
import { PackedMessages, type ReceivedMessage } from './packed-messages.js';

/** Small messages that wait each for itself; those behind them are packed. */
const MOST_UNPACKED = 64;
/** From so many octets on a message is no small one: what it takes beside them is in proportion. */
const NOT_SMALL = 64;

interface Waiter {
  resolve(result: IteratorResult<unknown>): void;
  reject(error: unknown): void;
  /** Who asked next. */
  behind: Waiter | undefined;
}

/**
 * The messages that one side of a call receives: takes DATA payloads, gives decoded messages one at a time. A message is
 * decoded when it is asked for; until then its octets count as held and the peer gets no credit for them.
 */
export class IncomingMessages {
  /** What compressed messages are compressed with, as the header section said. */
  encoding: string | undefined;

  readonly #type: AnyMessageType;
  /** `request` or `response`, for errors. */
  readonly #name: string;
  readonly #maxLength: number;
  readonly #assembler: MessageAssembler;
  readonly #deliver = (payload: Uint8Array, compressed: boolean): void => {
    const unpacked = this.#queue.length < MOST_UNPACKED || payload.length >= NOT_SMALL;
    if (unpacked && this.#packed === undefined) this.#queue.push({ payload, compressed });
    else (this.#packed ??= new PackedMessages()).push(payload, compressed);
  };
  #stream: Http2Stream | undefined;
  #queue: ReceivedMessage[] = [];
  /** The first messages of the queue, which keep no more memory than they are long. */
  #detached = 0;
  /** What waits behind a queue that is long enough. */
  #packed: PackedMessages | undefined;
  /** The first of those who wait for a message. */
  #waiter: Waiter | undefined;
  #ended = false;
  #failure: (() => unknown) | undefined;

  constructor(type: AnyMessageType, name: string, maxLength: number) {
    this.#type = type;
    this.#name = name;
    this.#maxLength = maxLength;
    this.#assembler = new MessageAssembler(maxLength);
  }

  /** Messages that are whole and not read yet. */
  get queued(): number {
    return this.#queue.length + (this.#packed?.length ?? 0);
  }

  /**
   * Whether there is more than one message, or the beginning of another: it may be one that there is no window for. An error
   * where exactly one must come.
   */
  get several(): boolean {
    return this.queued + (this.#assembler.partialLength > 0 ? 1 : 0) > 1;
  }

  /**
   * Takes the payload of DATA.
   *
   * @throws RpcError when a message is over the limit or its prefix is broken.
   */
  push(stream: Http2Stream, payload: Uint8Array): void {
    this.#stream = stream;
    if (this.#failure !== undefined || this.#ended) {
      stream.release(payload.length);
      return;
    }
    if (this.#queue.length > this.#detached) this.#detach();
    this.#assembler.push(payload, this.#deliver);
    while (this.#waiter !== undefined && this.#queue.length > 0) this.#serve(this.#waiter);
    this.#requireRoom();
  }

  /**
   * The peer has sent all.
   *
   * @throws RpcError when a message is unfinished.
   */
  end(): void {
    if (this.#ended || this.#failure !== undefined) return;
    this.#assembler.end();
    this.#ended = true;
    this.#endWaiting();
  }

  /**
   * The call is over without a good end: whoever reads gets what `error` makes. Messages that wait are still given when
   * `keepQueued`, because the peer sent them before it failed, and are dropped otherwise.
   */
  fail(error: () => unknown, keepQueued: boolean): void {
    if (this.#ended || this.#failure !== undefined) return;
    this.#failure = error;
    this.#assembler.close();
    if (!keepQueued) this.#dropQueue();
    this.#stream?.release(this.#stream.held - this.#queuedOctets());
    this.#waiter?.reject(error());
    this.#waiter = this.#waiter?.behind;
    this.#endWaiting();
  }

  /** Drops all that waits; nothing more will be given. */
  discard(): void {
    this.#dropQueue();
    this.#ended = true;
    this.#assembler.close();
    this.#stream?.release(this.#stream.held);
    this.#endWaiting();
  }

  /**
   * The next whole message, decoded. `queued` must be over 0.
   *
   * @throws RpcError when it cannot be decompressed or decoded.
   */
  take(): unknown {
    const { payload, compressed } = this.#queue.shift() as ReceivedMessage;
    if (this.#detached > 0) this.#detached--;
    this.#stream?.release(payload.length + MESSAGE_PREFIX_LENGTH);
    if (this.#queue.length === 0) {
      if (this.#packed !== undefined) this.#unpack(this.#packed);
      else this.#requireRoom();
    }
    const bytes = compressed ? decompress(this.encoding, payload, this.#maxLength) : payload;
    return decodeMessage(this.#type, bytes, this.#name);
  }

  /** The next message for an iterator. Who asks before the last one was answered waits in line, as with an async generator. */
  next(): Promise<IteratorResult<unknown>> {
    // Most messages of a fast stream are there already, and need no functions that a promise is resolved with.
    if (this.#queue.length > 0) {
      try {
        return Promise.resolve({ value: this.take(), done: false });
      } catch (error) {
        return Promise.reject(error);
      }
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { resolve, reject, behind: undefined };
      if (this.#failure !== undefined) reject(this.#failure());
      else if (this.#ended) resolve({ value: undefined, done: true });
      else if (this.#waiter === undefined) this.#waiter = waiter;
      else {
        let last = this.#waiter;
        while (last.behind !== undefined) last = last.behind;
        last.behind = waiter;
      }
    });
  }

  #serve(waiter: Waiter): void {
    this.#waiter = waiter.behind;
    try {
      waiter.resolve({ value: this.take(), done: false });
    } catch (error) {
      waiter.reject(error);
    }
  }

  /** Nothing comes for those who wait. */
  #endWaiting(): void {
    let waiter = this.#waiter;
    this.#waiter = undefined;
    for (; waiter !== undefined; waiter = waiter.behind) waiter.resolve({ value: undefined, done: true });
  }

  /**
   * Copies small messages out of the memory that they share with those of other calls. Only when they wait until more comes:
   * most are read at once.
   */
  #detach(): void {
    if (this.#queue.length > MOST_UNPACKED && this.#packed === undefined) this.#pack();
    const shared = this.#queue.slice(this.#detached).filter(({ payload }) => sharesMemory(payload));
    this.#detached = this.#queue.length;
    if (shared.length === 0) return;
    // Into one memory for all of them: one for each would take longer than to read them.
    const memory = new ArrayBuffer(shared.reduce((octets, { payload }) => octets + payload.length, 0));
    let at = 0;
    for (const message of shared) {
      const copy = new Uint8Array(memory, at, message.payload.length);
      copy.set(message.payload);
      message.payload = copy;
      at += copy.length;
    }
  }

  /**
   * An unfinished message may be larger than the window: room is made for it as soon as nothing before it waits. One octet
   * more than it needs, also behind a whole first message, because nghttp2 says the end of a stream only while it has a
   * window for more.
   */
  #requireRoom(): void {
    const { partialLength, announcedLength } = this.#assembler;
    if (partialLength === 0) {
      if (this.#queue.length === 1) this.#stream?.require(1);
    } else if (this.#queue.length === 0) {
      this.#stream?.require(announcedLength + MESSAGE_PREFIX_LENGTH - partialLength + 1);
    }
  }

  #pack(): void {
    this.#packed = new PackedMessages();
    for (const { payload, compressed } of this.#queue.splice(MOST_UNPACKED)) this.#packed.push(payload, compressed);
  }

  #unpack(packed: PackedMessages): void {
    while (packed.length > 0 && this.#queue.length < MOST_UNPACKED) this.#queue.push(packed.shift());
    this.#detached = this.#queue.length;
    if (packed.length === 0) this.#packed = undefined;
  }

  #dropQueue(): void {
    this.#queue = [];
    this.#detached = 0;
    this.#packed = undefined;
  }

  #queuedOctets(): number {
    let octets = this.#packed?.octets ?? 0;
    for (const { payload } of this.#queue) octets += payload.length + MESSAGE_PREFIX_LENGTH;
    return octets;
  }
}

function sharesMemory({ length, buffer }: Uint8Array): boolean {
  return length * 2 < buffer.byteLength;
}

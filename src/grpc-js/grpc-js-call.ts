import { AsyncResource } from 'node:async_hooks';
import type { CallCredentials, ChannelInterface, InterceptingListener, Metadata } from '@grpc/grpc-js';
import type { ChannelCallStart } from '../client/channel-events.js';
import type { ClientChannel } from '../client/client-channel.js';
import { Replay } from '../client/replay.js';
import type { WaitingCall } from '../client/waiting-call.js';
import { ErrorCode } from '../http2/error-code.js';
import { headerListSize } from '../http2/header-list-size.js';
import type { HeaderFields } from '../http2/hpack/header-fields.js';
import type { Http2Stream } from '../http2/stream.js';
import type { StreamFailure, StreamHandler } from '../http2/stream-handler.js';
import { Code } from '../rpc/code.js';
import { acceptEncoding, decompress, isSupportedEncoding } from '../rpc/compression.js';
import { MessageAssembler } from '../rpc/message-assembler.js';
import { MESSAGE_PREFIX_LENGTH } from '../rpc/message-prefix.js';
import { requestHeader } from '../rpc/request-header.js';
import { parseResponseHeader } from '../rpc/response-header.js';
import { formatTimeout } from '../rpc/timeout.js';
import { parseTrailers } from '../rpc/trailer-status.js';
import { DeadlineTimer } from '../transport/deadline-timer.js';
import { failureStatus } from '../transport/failure-status.js';
import { LONGEST_TIMER } from '../transport/longest-timer.js';
import { PackedMessages, type ReceivedMessage } from '../transport/packed-messages.js';
import type { Transport } from '../transport/transport.js';
import type { CallSettings } from './call-settings.js';
import { type CallStatus, credentialsStatus, localStatus, reportedStatus, statusOf } from './call-status.js';
import { type FramedMessage, frameMessage } from './framed-message.js';
import { appendMetadata, metadataOf } from './metadata-fields.js';
import { peerName } from './peer-name.js';
import type { MethodConfig } from './service-config.js';

/** grpc-js's contract of a call; the library does not export the name. */
type Call = ReturnType<ChannelInterface['createCall']>;
type ParentCall = NonNullable<Parameters<ChannelInterface['createCall']>[3]>;
type MessageContext = Parameters<Call['sendMessageWithContext']>[0];

/** `grpc.WriteFlags.NoCompress`, which the library does not export. */
const NO_COMPRESS = 2;

/** A message may keep alive at most this many times its own size. */
const PIN_RATIO = 4;

const nothing = new Uint8Array(0);

/** What a call needs of its channel. */
export interface GrpcJsCallOwner {
  readonly channel: ClientChannel;
  readonly settings: CallSettings;
  readonly userAgent: string;
  /** `grpc-accept-encoding` of the server's last answer. */
  serverAccepts: string | undefined;
}

export interface GrpcJsCallOptions {
  readonly method: string;
  readonly authority: string;
  /** In milliseconds since 1970, or Infinity. */
  readonly deadline: number;
  /** What the service config says of the method. */
  readonly config: MethodConfig | undefined;
  /** Cancels this call when it is cancelled. */
  readonly parent: ParentCall | undefined;
  readonly callNumber: number;
}

/** Messages that wait each for itself; those behind them are packed. */
const MOST_UNPACKED = 64;

interface Write {
  readonly message: FramedMessage;
  written: (() => void) | undefined;
}

/**
 * One call of a grpc-js client. What arrives is told to the listener in turns of its own, in order: header metadata, a message
 * for each `startRead`, the status once. A server's status comes behind the messages it sent; a status of this side
 * (cancelled, deadline, a message that cannot be read) comes at once.
 */
export class GrpcJsCall implements Call, WaitingCall, StreamHandler {
  readonly #owner: GrpcJsCallOwner;
  readonly #options: GrpcJsCallOptions;
  readonly #assembler: MessageAssembler;
  /** The listener runs in the AsyncLocalStorage of the caller, not in that of who made the connection. */
  readonly #scope = new AsyncResource('podwire.GrpcJsCall');
  #credentials: CallCredentials | undefined;
  #listener: InterceptingListener | undefined;
  #custom: HeaderFields = [];
  #waitForReady = false;
  #encoding: 'identity' | 'gzip';
  #deadlineTimer: DeadlineTimer | undefined;

  #stream: Http2Stream | undefined;
  #transport: Transport | undefined;
  #peer: string | undefined;
  #attempts = 1;
  #observed: ChannelCallStart | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  readonly #replay = new Replay<Write>();
  #blocked: (() => void)[] = [];
  #halfClosed = false;

  #header: HeaderFields | undefined;
  #responseEncoding: string | undefined;
  #messages: ReceivedMessage[] = [];
  /** What waits behind them. */
  #packed: PackedMessages | undefined;
  #reading = false;
  #status: CallStatus | undefined;
  #deliveryDue = false;
  #delivered = false;

  constructor(owner: GrpcJsCallOwner, options: GrpcJsCallOptions) {
    const { settings, serverAccepts } = owner;
    this.#owner = owner;
    this.#options = options;
    this.#assembler = new MessageAssembler(settings.maxReceiveMessageLength);
    const acceptable = serverAccepts === undefined || serverAccepts.includes(settings.encoding);
    this.#encoding = acceptable ? settings.encoding : 'identity';
  }

  get waitForReady(): boolean {
    return this.#waitForReady;
  }

  // ---------------------------------------------------------------------------------------------- grpc-js's contract

  start(metadata: Metadata, listener: InterceptingListener): void {
    this.#listener = listener;
    const { channel } = this.#owner;
    this.#observed = channel.callStarted(this.#options.method.slice(1));
    const { waitForReady = this.#options.config?.waitForReady } = metadata.getOptions();
    this.#waitForReady = waitForReady ?? channel.waitForReady;
    if (this.#status !== undefined) return this.#deliverSoon();
    const { parent } = this.#options;
    if (parent?.cancelled) return this.#cancelledByParent();
    parent?.on('cancelled', this.#cancelledByParent);
    try {
      appendMetadata(this.#custom, metadata);
    } catch (error) {
      return this.#abort(localStatus(Code.INTERNAL, (error as Error).message));
    }
    const left = this.#timeLeft();
    if (left <= 0) return this.#deadlineExceeded();
    if (left !== Number.POSITIVE_INFINITY) {
      this.#deadlineTimer = new DeadlineTimer(performance.now() + left, this.#deadlineExceeded);
    }
    if (this.#credentials === undefined) channel.place(this);
    else void this.#placeWithCredentials(this.#credentials);
  }

  sendMessageWithContext({ callback, flags = 0 }: MessageContext, message: Buffer): void {
    const written = callback && (() => callback());
    const { maxSendMessageLength } = this.#owner.settings;
    if (this.#status === undefined && message.length > maxSendMessageLength) {
      const text = `the request has ${message.length} bytes, more than the limit of ${maxSendMessageLength} bytes`;
      this.#abort(localStatus(Code.RESOURCE_EXHAUSTED, text));
    }
    if (this.#status !== undefined || this.#halfClosed) {
      if (written !== undefined) process.nextTick(written);
      return;
    }
    const encoding = flags & NO_COMPRESS ? 'identity' : this.#encoding;
    const write: Write = { message: frameMessage(message, encoding), written };
    this.#replay.add(write, message.length, this.#stream !== undefined);
    if (this.#stream !== undefined) this.#write(this.#stream, write);
  }

  halfClose(): void {
    if (this.#status !== undefined || this.#halfClosed) return;
    this.#halfClosed = true;
    this.#stream?.sendData(nothing, true);
  }

  startRead(): void {
    this.#reading = true;
    if (this.#messages.length > 0) this.#deliverSoon();
  }

  cancelWithStatus(code: number, details: string): void {
    // The application's own words.
    this.#abort({ ...localStatus(code, details), isLocal: false });
  }

  setCredentials(credentials: CallCredentials): void {
    this.#credentials = credentials;
  }

  /** The server's process while the call has a connection, else the endpoint. */
  getPeer(): string {
    return this.#peer ?? this.#owner.channel.address;
  }

  getCallNumber(): number {
    return this.#options.callNumber;
  }

  /** Nothing was authenticated by TLS; `getPeer` says who the kernel knows the server to be. */
  getAuthContext(): object {
    return {};
  }

  // ------------------------------------------------------------------------------------------------------ WaitingCall

  begin(transport: Transport): void {
    const { method: path, authority } = this.#options;
    const { userAgent, channel } = this.#owner;
    const fields = requestHeader({ path, authority, encoding: this.#encoding, userAgent });
    for (const text of this.#custom) fields.push(text);
    if (this.#attempts > 1) fields.push('grpc-previous-rpc-attempts', `${this.#attempts - 1}`);
    const left = this.#timeLeft();
    if (left !== Number.POSITIVE_INFINITY) fields.push('grpc-timeout', formatTimeout(left));
    const { connection } = transport;
    const { maxHeaderListSize } = connection.peerSettings;
    if (headerListSize(fields) > maxHeaderListSize) {
      // Refused here, because a peer may end the connection, and with it all other calls.
      const size = `${headerListSize(fields)} bytes; the server takes ${maxHeaderListSize}`;
      return this.#abort(localStatus(Code.RESOURCE_EXHAUSTED, `the request header with its metadata has ${size}`));
    }
    const stream = connection.openStream(fields, false, this);
    // Its own header section may have been too much for a peer that does not read.
    if (stream.closed) return;
    this.#stream = stream;
    this.#transport = transport;
    this.#peer = channel.peer && peerName(channel.peer);
    for (const write of this.#replay.messages) this.#write(stream, write);
    if (this.#halfClosed) stream.sendData(nothing, true);
  }

  fail(error: unknown): void {
    const failed = statusOf(error);
    if (!this.#retry(failed.code)) this.#abort(failed);
  }

  // ---------------------------------------------------------------------------------------------------- StreamHandler

  onHeaders(stream: Http2Stream, fields: HeaderFields, endStream: boolean): void {
    if (stream.headerListTooLarge) {
      const text = 'the metadata of the response is larger than this client allows';
      return this.#abort(localStatus(Code.RESOURCE_EXHAUSTED, text));
    }
    if (endStream) return this.#trailersArrived(stream, fields);
    this.#replay.stop();
    const header = parseResponseHeader(fields);
    if (header.kind === 'failure') {
      const { code, message } = header.status;
      return this.#abort(localStatus(code, message, metadataOf(fields)));
    }
    const { encoding } = header;
    if (encoding !== undefined && !isSupportedEncoding(encoding)) {
      // compression.md: to a client this is the server's fault.
      const text = `the server compresses with ${JSON.stringify(encoding)}; this client accepts ${acceptEncoding}`;
      return this.#abort(localStatus(Code.INTERNAL, text));
    }
    this.#owner.serverAccepts = header.acceptEncoding ?? this.#owner.serverAccepts;
    this.#responseEncoding = encoding;
    this.#header = fields;
    this.#deliverSoon();
  }

  onData(stream: Http2Stream, payload: Uint8Array, endStream: boolean): void {
    try {
      this.#assembler.push(payload, this.#received);
    } catch (error) {
      return this.#abort(statusOf(error));
    }
    this.#requireRoom(stream);
    // RFC 9113 allows it, gRPC wants trailers.
    if (endStream) this.#trailersArrived(stream, []);
    else if (this.#reading && this.#messages.length > 0) this.#deliverSoon();
  }

  onWritable(): void {
    const blocked = this.#blocked;
    this.#blocked = [];
    for (const written of blocked) process.nextTick(written);
  }

  onFailure(stream: Http2Stream, failure: StreamFailure): void {
    stream.release(stream.held - this.#queuedOctets());
    if (this.#status !== undefined) return;
    const wait = this.#replay.after(failure);
    if (wait !== undefined) {
      const { channel } = this.#owner;
      channel.callRetried();
      this.#leaveStream();
      if (wait === 0) channel.place(this);
      else this.#retryTimer = setTimeout(() => channel.place(this), wait);
      return;
    }
    // A server that sees the deadline first may reset the stream: to the caller it is the deadline all the same.
    if (this.#timeLeft() <= 0) return this.#deadlineExceeded();
    const { code, message } = failureStatus(failure);
    if (!this.#retry(code)) this.#end(localStatus(code, message));
  }

  // --------------------------------------------------------------------------------------------------------- sending

  async #placeWithCredentials(credentials: CallCredentials): Promise<void> {
    const { method, authority } = this.#options;
    try {
      const service_url = `https://${authority.replace(/:\d+$/, '')}${method.slice(0, method.lastIndexOf('/'))}`;
      const generated = await credentials.generateMetadata({ method_name: method, service_url });
      if (this.#status !== undefined) return;
      appendMetadata(this.#custom, generated);
    } catch (error) {
      return this.#abort(credentialsStatus(error));
    }
    if (this.#custom.filter((name, index) => index % 2 === 0 && name === 'authorization').length > 1) {
      return this.#abort(localStatus(Code.INTERNAL, 'the metadata key "authorization" may have only one value'));
    }
    this.#owner.channel.place(this);
  }

  /**
   * Makes the call again if the service config says so and nothing but a status has come (gRFC A6).
   *
   * @param pushback the server's `grpc-retry-pushback-ms`.
   */
  #retry(code: number, pushback?: string): boolean {
    const policy = this.#options.config?.retryPolicy;
    if (policy === undefined || !this.#replay.possible || this.#status !== undefined) return false;
    if (this.#attempts >= policy.maxAttempts || !policy.codes.has(code)) return false;
    const longest = Math.min(
      policy.initialBackoff * policy.backoffMultiplier ** (this.#attempts - 1),
      policy.maxBackoff,
    );
    let wait = longest * (0.8 + 0.4 * Math.random());
    if (pushback !== undefined) {
      if (!/^\d+$/.test(pushback)) return false;
      wait = Number(pushback);
    }
    this.#attempts++;
    this.#leaveStream();
    this.#retryTimer = setTimeout(() => this.#owner.channel.place(this), Math.min(wait, LONGEST_TIMER));
    return true;
  }

  /** Back to where a call is that has not been placed. */
  #leaveStream(): void {
    this.onWritable();
    this.#owner.channel.withdraw(this);
    this.#stream = this.#transport = undefined;
  }

  #write(stream: Http2Stream, write: Write): void {
    const { parts, length } = write.message;
    let sent = true;
    for (const part of parts) sent = stream.sendData(part, false);
    const { written } = write;
    const turn = sent ? this.#transport?.spendTurn(length) : undefined;
    if (written === undefined) return;
    write.written = undefined;
    if (!sent) this.#blocked.push(written);
    else if (turn === undefined) process.nextTick(written);
    else void turn.then(written);
  }

  // ------------------------------------------------------------------------------------------------------- receiving

  readonly #received = (payload: Uint8Array, compressed: boolean): void => {
    if (this.#messages.length < MOST_UNPACKED && this.#packed === undefined)
      this.#messages.push({ payload, compressed });
    else (this.#packed ??= new PackedMessages()).push(payload, compressed);
  };

  /** An unfinished message may be larger than the window: room is made for it as soon as nothing before it waits. */
  #requireRoom(stream: Http2Stream): void {
    const { partialLength, announcedLength } = this.#assembler;
    // One octet more than the message needs: nghttp2 says the end of a stream only while it has a window.
    if (partialLength === 0) {
      if (this.#messages.length === 1) stream.require(1);
    } else if (this.#messages.length === 0) {
      stream.require(announcedLength + MESSAGE_PREFIX_LENGTH - partialLength + 1);
    }
  }

  #trailersArrived(stream: Http2Stream, fields: HeaderFields): void {
    const { code, message } = parseTrailers(fields);
    // Likewise one that says CANCELLED of it, as tonic does.
    if (code === Code.CANCELLED && this.#timeLeft() <= 0) return this.#deadlineExceeded();
    const trailers = metadataOf(fields);
    // What the server still reads of the request is of no use to anybody.
    if (!stream.localClosed) stream.reset(ErrorCode.NO_ERROR);
    if (code !== Code.OK && this.#retry(code, trailers.get('grpc-retry-pushback-ms')[0] as string | undefined)) return;
    try {
      this.#assembler.end();
    } catch (error) {
      if (code === Code.OK) return this.#abort(statusOf(error));
    }
    this.#end({ code, details: message, metadata: trailers, isLocal: !fields.includes('grpc-status') });
  }

  #queuedOctets(): number {
    let octets = this.#packed?.octets ?? 0;
    for (const { payload } of this.#messages) octets += payload.length + MESSAGE_PREFIX_LENGTH;
    return octets;
  }

  /** The next message as the listener gets it. @throws RpcError when it cannot be decompressed. */
  #take(): Buffer {
    const { payload, compressed } = this.#messages.shift() as ReceivedMessage;
    const stream = this.#stream as Http2Stream;
    stream.release(payload.length + MESSAGE_PREFIX_LENGTH);
    if (this.#messages.length === 0) {
      if (this.#packed !== undefined) this.#unpack(this.#packed);
      else this.#requireRoom(stream);
    }
    if (compressed) {
      const { maxReceiveMessageLength } = this.#owner.settings;
      return asBuffer(decompress(this.#responseEncoding, payload, maxReceiveMessageLength));
    }
    // A small one may lie beside others in its memory, and is copied, for an application may keep it.
    if (payload.length * PIN_RATIO < payload.buffer.byteLength) return Buffer.from(payload);
    return asBuffer(payload);
  }

  #unpack(packed: PackedMessages): void {
    while (packed.length > 0 && this.#messages.length < MOST_UNPACKED) this.#messages.push(packed.shift());
    if (packed.length === 0) this.#packed = undefined;
  }

  #deliverSoon(): void {
    if (this.#deliveryDue || this.#listener === undefined) return;
    this.#deliveryDue = true;
    process.nextTick(this.#deliver);
  }

  readonly #deliver = (): void => {
    this.#deliveryDue = false;
    let finished = false;
    try {
      this.#scope.runInAsyncScope(this.#deliverAll, this);
      finished = true;
    } finally {
      // The listener threw, which is its owner's affair; what follows is still told.
      if (!finished) this.#deliverSoon();
    }
  };

  #deliverAll(): void {
    const listener = this.#listener as InterceptingListener;
    if (this.#header !== undefined) {
      const fields = this.#header;
      this.#header = undefined;
      listener.onReceiveMetadata(metadataOf(fields));
    }
    while (this.#reading && this.#messages.length > 0) {
      this.#reading = false;
      let message: Buffer;
      try {
        message = this.#take();
      } catch (error) {
        this.#abort(statusOf(error));
        break;
      }
      listener.onReceiveMessage(message);
    }
    if (this.#status === undefined || this.#messages.length > 0 || this.#delivered) return;
    this.#delivered = true;
    this.#deadlineTimer?.clear();
    this.#options.parent?.removeListener('cancelled', this.#cancelledByParent);
    this.#owner.channel.callEnded(this.#observed, this.#status.code as Code, this.#status.details);
    const { method } = this.#options;
    listener.onReceiveStatus(reportedStatus(this.#status, method, this.#owner.channel.address));
  }

  // ------------------------------------------------------------------------------------------------------------- end

  /** Ends the call from this side; nothing that waits is told any more. */
  #abort(status: CallStatus): void {
    if (this.#delivered) return;
    this.#messages = [];
    this.#packed = undefined;
    this.#header = undefined;
    this.#assembler.close();
    const stream = this.#stream;
    stream?.reset(ErrorCode.CANCEL);
    stream?.release(stream.held);
    // What the server said counts, unless it was good and its messages were not all read.
    if (this.#status !== undefined && this.#status.code !== Code.OK) return this.#deliverSoon();
    this.#end(status);
  }

  #end(status: CallStatus): void {
    this.#status = status;
    this.#replay.stop();
    clearTimeout(this.#retryTimer);
    if (this.#stream === undefined) this.#owner.channel.withdraw(this);
    this.onWritable();
    this.#deliverSoon();
  }

  #timeLeft(): number {
    const { deadline } = this.#options;
    return deadline === Number.POSITIVE_INFINITY ? deadline : deadline - Date.now();
  }

  readonly #deadlineExceeded = (): void => {
    const waited = this.#stream === undefined ? `sent: ${this.#owner.channel.describeWait()}` : 'done';
    this.#abort(localStatus(Code.DEADLINE_EXCEEDED, `the deadline passed before the call was ${waited}`));
  };

  readonly #cancelledByParent = (): void => {
    // The parent's client gives up at the same deadline, perhaps a moment earlier.
    if (this.#timeLeft() <= 0) return this.#deadlineExceeded();
    this.#abort(localStatus(Code.CANCELLED, 'the call that this one was made for was cancelled'));
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

import { type ConnectionOptions, Http2Connection } from '../../src/http2/connection.js';
import type { ConnectionError } from '../../src/http2/connection-error.js';
import type { ConnectionHandler } from '../../src/http2/connection-handler.js';
import { ReceiveBudget } from '../../src/http2/receive-budget.js';
import type { Http2Stream } from '../../src/http2/stream.js';
import type { StreamFailure, StreamHandler } from '../../src/http2/stream-handler.js';
import { describeFrame, type Frame, FrameLog, frame, PREFACE, SETTINGS, settings } from './wire.js';

export const defaultOptions = {
  maxConcurrentStreams: 100,
  streamWindow: 65_535,
  connectionWindow: 1024 * 1024,
  maxFrameSize: 16_384,
  maxHeaderListSize: 16 * 1024,
  handshakeTimeout: 5_000,
  unfinishedTimeout: 10_000,
  outputLimit: 256 * 1024,
};

/** Neither an octet of ASCII nor of a length or an index that a test uses. */
const POISON = 0xdb;

/** What one stream of an endpoint has heard. */
export class Heard implements StreamHandler {
  readonly headers: string[][] = [];
  readonly chunks: Uint8Array[] = [];
  ended = false;
  writable = 0;
  failure: StreamFailure | undefined;
  /** Gives the octets back as they come. */
  reads = true;
  onMore: ((heard: Heard, stream: Http2Stream) => void) | undefined;

  get data(): Buffer {
    return Buffer.concat(this.chunks);
  }

  onHeaders(stream: Http2Stream, fields: string[], endStream: boolean): void {
    this.headers.push(fields);
    if (endStream) this.ended = true;
    this.onMore?.(this, stream);
  }

  onData(stream: Http2Stream, payload: Uint8Array, endStream: boolean): void {
    this.chunks.push(Buffer.from(payload));
    if (this.reads) stream.release(payload.length);
    if (endStream) this.ended = true;
    this.onMore?.(this, stream);
  }

  onWritable(): void {
    this.writable++;
  }

  onFailure(_stream: Http2Stream, failure: StreamFailure): void {
    if (this.failure !== undefined) throw new Error('a stream failed twice');
    this.failure = failure;
  }
}

/** A connection of ours over plain buffers, and all that it says to its owner. */
export class Endpoint implements ConnectionHandler {
  readonly connection: Http2Connection;
  readonly budget: ReceiveBudget;
  readonly log: FrameLog;
  readonly heard = new Map<number, Heard>();
  readonly streams = new Map<number, Http2Stream>();
  goaways: [number, number, string][] = [];
  pings: bigint[] = [];
  settingsSeen = 0;
  closedStreams = 0;
  ends = 0;
  error: ConnectionError | undefined;
  now = 1_000;
  /** Called for each request. Without it they are only recorded. */
  onRequest: ((stream: Http2Stream, heard: Heard) => void) | undefined;

  constructor(role: 'client' | 'server', options: Partial<ConnectionOptions> = {}) {
    this.budget = options.budget ?? new ReceiveBudget(32 * 1024 * 1024);
    this.connection = new Http2Connection({ ...defaultOptions, role, ...options, budget: this.budget }, this);
    this.log = new FrameLog(role === 'client');
    this.connection.start(this.now);
  }

  /** Opens a stream of a client. */
  open(fields: string[] = requestHeader, endStream = false): { stream: Http2Stream; heard: Heard } {
    const stream = this.connection.openStream(fields, endStream);
    const heard = new Heard();
    stream.handler = heard;
    this.heard.set(stream.id, heard);
    this.streams.set(stream.id, stream);
    return { stream, heard };
  }

  receive(...chunks: Uint8Array[]): void {
    for (const chunk of chunks) {
      // Overwritten afterwards, as a socket's read buffer is by the next read.
      const read = Buffer.from(chunk);
      this.connection.receive(read, this.now);
      read.fill(POISON);
    }
  }

  /** Takes what is to be sent. */
  take(): Buffer {
    const { chunks, replies } = this.connection.takeOutput();
    this.connection.outputDelivered(replies);
    return Buffer.concat(chunks);
  }

  /** Takes what is to be sent, as frames; goes on until nothing more comes. */
  sent(): Frame[] {
    const frames: Frame[] = [];
    for (let bytes = this.take(); bytes.length > 0; bytes = this.take()) {
      frames.push(...this.log.add(bytes));
      this.connection.resumeOutput();
    }
    return frames;
  }

  sentNames(): string[] {
    return this.sent().map(describeFrame);
  }

  onOutput(): void {}

  onStream(stream: Http2Stream, fields: string[], endStream: boolean): void {
    const heard = new Heard();
    heard.headers.push(fields);
    heard.ended = endStream;
    stream.handler = heard;
    this.heard.set(stream.id, heard);
    this.streams.set(stream.id, stream);
    this.onRequest?.(stream, heard);
  }

  onSettings(): void {
    this.settingsSeen++;
  }

  onStreamClosed(): void {
    this.closedStreams++;
  }

  onGoaway(lastStreamId: number, errorCode: number, debugData: string): void {
    this.goaways.push([lastStreamId, errorCode, debugData]);
  }

  onPingAcknowledged(payload: bigint): void {
    this.pings.push(payload);
  }

  onEnd(error: ConnectionError | undefined): void {
    this.ends++;
    this.error = error;
  }
}

export const requestHeader = [':method', 'POST', ':scheme', 'http', ':path', '/podinfo.v1.PodInfo/Describe'];
export const responseHeader = [':status', '200', 'content-type', 'application/grpc'];
export const trailer = ['grpc-status', '0'];

/** A server of ours whose client has said its preface, SETTINGS and acknowledgement. What it has sent so far is taken. */
export function server(options: Partial<ConnectionOptions> = {}, ...clientSettings: [number, number][]): Endpoint {
  const endpoint = new Endpoint('server', options);
  endpoint.receive(PREFACE, settings(...clientSettings), frame(SETTINGS, 1, 0));
  endpoint.sent();
  return endpoint;
}

/** A client of ours whose server has said its SETTINGS and acknowledgement. What it has sent so far is taken. */
export function client(options: Partial<ConnectionOptions> = {}, ...serverSettings: [number, number][]): Endpoint {
  const endpoint = new Endpoint('client', options);
  endpoint.receive(settings(...serverSettings), frame(SETTINGS, 1, 0));
  endpoint.sent();
  return endpoint;
}

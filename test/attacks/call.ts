import { SimpleRequest, StreamingOutputCallRequest } from '../../gen/grpc/testing/messages.js';
import * as wire from '../http2/wire.js';

/** Methods of grpc.testing.TestService. */
export type Method =
  | 'EmptyCall'
  | 'UnaryCall'
  | 'StreamingOutputCall'
  | 'StreamingInputCall'
  | 'FullDuplexCall'
  | 'HalfDuplexCall'
  | 'CacheableUnaryCall';

const requestFields = (method: string): [string, string][] => [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', `/grpc.testing.TestService/${method}`],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
];

/** The header section of a request. */
export function header(id: number, method: Method | 'NoSuchCall', ...extra: [string, string][]): Buffer {
  return wire.frame(wire.HEADERS, wire.END_HEADERS, id, wire.block(...requestFields(method), ...extra));
}

/** The block of such a section, to be cut or continued. */
export function headerBlock(method: Method, ...extra: [string, string][]): Buffer {
  return wire.block(...requestFields(method), ...extra);
}

/** A message with its prefix, which may announce another length or claim to be compressed. */
export function framed(payload: Uint8Array, announced = payload.length, compressed = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = compressed;
  prefix.writeUInt32BE(announced, 1);
  return Buffer.concat([prefix, payload]);
}

export function data(id: number, payload: Uint8Array, endStream = false): Buffer {
  return wire.frame(wire.DATA, endStream ? wire.END_STREAM : 0, id, payload);
}

/** A whole UnaryCall, or a CacheableUnaryCall, whose answer has so many octets. */
export function unary(id: number, responseSize = 0, method: Method = 'UnaryCall'): Buffer {
  const request = SimpleRequest.encode(SimpleRequest.fromPartial({ responseSize })).finish();
  return Buffer.concat([header(id, method), data(id, framed(request), true)]);
}

/** A whole StreamingOutputCall that asks for `count` messages of `size` octets. */
export function streamingOutput(id: number, count: number, size: number): Buffer {
  const responseParameters = Array.from({ length: count }, () => ({ size }));
  const request = StreamingOutputCallRequest.encode(
    StreamingOutputCallRequest.fromPartial({ responseParameters }),
  ).finish();
  return Buffer.concat([header(id, 'StreamingOutputCall'), data(id, framed(request), true)]);
}

export function reset(id: number, errorCode = 8): Buffer {
  return wire.frame(wire.RST_STREAM, 0, id, wire.uint32(errorCode));
}

export function windowUpdate(id: number, increment: number): Buffer {
  return wire.frame(wire.WINDOW_UPDATE, 0, id, wire.uint32(increment));
}

/** `make` for each of `count` streams from `first` on, which is odd. */
export function streams(first: number, count: number, make: (id: number) => Uint8Array): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => make(first + 2 * index)));
}

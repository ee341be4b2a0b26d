import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';
import { createConnection } from 'node:net';
import { gzipSync } from 'node:zlib';

export interface RawAnswer {
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
  readonly trailers: Record<string, unknown>;
  readonly resetCode: number;
}

export interface RawClient {
  readonly session: ClientHttp2Session;
  /** A gRPC request unless `headers` say otherwise. */
  request(path: string, headers?: OutgoingHttpHeaders): ClientHttp2Stream;
}

/** Node's own HTTP/2 client on a socket path, for requests that a gRPC client would not make. */
export function openRawClient(socketPath: string): RawClient {
  const session = connect('http://localhost', { createConnection: () => createConnection(socketPath) });
  session.on('error', () => {});
  return {
    session,
    request: (path, headers = {}) =>
      session.request({
        ':method': 'POST',
        ':path': path,
        te: 'trailers',
        'content-type': 'application/grpc',
        ...headers,
      }),
  };
}

/** What the server answers, once the stream is closed. */
export function rawAnswer(stream: ClientHttp2Stream): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let headers: Record<string, unknown> = {};
    let trailers: Record<string, unknown> = {};
    const chunks: Buffer[] = [];
    stream.on('response', (received) => (headers = received));
    stream.on('trailers', (received) => (trailers = received));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => {});
    stream.on('close', () =>
      resolve({ headers, body: Buffer.concat(chunks), trailers, resetCode: stream.rstCode ?? 0 }),
    );
  });
}

/** A framed message of `length` zero octets, or of these. */
export function rawMessage(content: number | Uint8Array, options: { readonly gzip?: boolean } = {}): Buffer {
  const plain = typeof content === 'number' ? Buffer.alloc(content) : Buffer.from(content);
  const payload = options.gzip ? gzipSync(plain) : plain;
  const prefix = Buffer.alloc(5);
  prefix[0] = options.gzip ? 1 : 0;
  prefix.writeUInt32BE(payload.length, 1);
  return Buffer.concat([prefix, payload]);
}

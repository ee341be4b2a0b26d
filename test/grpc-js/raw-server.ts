import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';

/** What a client sent: its header fields, and each message with its compressed flag. */
export interface RawRequest {
  readonly headers: IncomingHttpHeaders;
  readonly stream: ServerHttp2Stream;
  /** Waits until the client has sent all. */
  readonly messages: Promise<{ readonly compressed: boolean; readonly payload: Buffer }[]>;
}

/** Node's own HTTP/2 server on a socket path, for answers that a gRPC server would not give, and to see what is on the wire. */
export async function rawServer(socketPath: string, answer: (request: RawRequest) => void) {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    const messages = messagesOf(stream);
    // Of no interest to tests that reset the stream.
    messages.catch(() => {});
    answer({ headers, stream, messages });
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    sessions,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

/** Answers with one empty message and OK. */
export function answerEmpty(stream: ServerHttp2Stream, headers: Record<string, string> = {}): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...headers }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.alloc(5));
}

async function messagesOf(stream: ServerHttp2Stream) {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const messages: { compressed: boolean; payload: Buffer }[] = [];
  for (let rest = Buffer.concat(chunks); rest.length > 0; ) {
    const end = 5 + rest.readUInt32BE(1);
    messages.push({ compressed: rest[0] === 1, payload: rest.subarray(5, end) });
    rest = rest.subarray(end);
  }
  return messages;
}

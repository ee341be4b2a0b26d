import { createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';

export interface ScriptedServer extends AsyncDisposable {
  /** Paths of the requests, in order. */
  readonly requests: string[];
  readonly sessions: ServerHttp2Session[];
}

export type Script = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, index: number) => void;

/** Node's own HTTP/2 server on a socket path, for what a gRPC server would not say. `index` counts requests from 0. */
export async function startScriptedServer(socketPath: string, script: Script): Promise<ScriptedServer> {
  const requests: string[] = [];
  const sessions: ServerHttp2Session[] = [];
  const server = createServer();
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    requests.push(String(headers[':path']));
    script(stream, headers, requests.length - 1);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    requests,
    sessions,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers as a gRPC server does: these messages, then this status. */
export function answer(
  stream: ServerHttp2Stream,
  messages: readonly Uint8Array[],
  { status = '0', headers = {} }: { readonly status?: string; readonly headers?: Record<string, string> } = {},
): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...headers }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
  for (const message of messages) stream.write(message);
  stream.end();
}

import { parseEndpoint } from '../../src/endpoint/parse-endpoint.js';
import type { Http2Stream } from '../../src/http2/stream.js';
import type { StreamHandler } from '../../src/http2/stream-handler.js';
import { sameUser } from '../../src/index.js';
import { resolveServerLimits } from '../../src/transport/limits.js';
import { acceptSockets } from '../../src/transport/socket-acceptor.js';
import { Transport } from '../../src/transport/transport.js';

/** Answers every request, once it is whole, with a few octets of text. */
const handler: StreamHandler = {
  onHeaders(stream, _fields, endStream) {
    if (endStream) answer(stream);
  },
  onData(stream, payload, endStream) {
    stream.release(payload.length);
    if (endStream) answer(stream);
  },
  onWritable() {},
  onFailure() {},
};

function answer(stream: Http2Stream): void {
  stream.sendHeaders([':status', '200', 'content-type', 'text/plain'], false);
  stream.sendData(Buffer.from('podwire\n'), true);
}

/** An HTTP/2 server made of `src/transport/` and nothing above it. @returns what ends it. */
export async function transportServer(endpoint: string, maxFrameSize: number): Promise<() => Promise<void>> {
  const limits = resolveServerLimits({ maxFrameSize });
  const transports = new Set<Transport>();
  const listener = await acceptSockets(parseEndpoint(endpoint), { allowPeer: sameUser() }, limits, {
    onConnection({ stream }) {
      const transport = new Transport(
        stream,
        { role: 'server', limits },
        {
          onStream(request, _fields, endStream) {
            request.handler = handler;
            if (endStream) answer(request);
          },
          onClosed: () => transports.delete(transport),
        },
      );
      transports.add(transport);
      transport.start();
    },
    onError(error) {
      throw error;
    },
  });
  return async () => {
    await listener.close();
    for (const transport of transports) transport.destroy('the server ends');
  };
}

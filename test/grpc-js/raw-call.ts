import { parseEndpoint } from '../../src/endpoint/parse-endpoint.js';
import type { HeaderFields } from '../../src/http2/hpack/header-fields.js';
import type { StreamFailure } from '../../src/http2/stream-handler.js';
import { defaultChannelLimits } from '../../src/transport/limits.js';
import { socketConnector } from '../../src/transport/socket-connector.js';
import { Transport } from '../../src/transport/transport.js';

export interface RawResult {
  readonly trailers?: HeaderFields;
  readonly failure?: StreamFailure;
}

/** One call with an empty message and exactly these header fields, which no gRPC client would send; how it ended. */
export async function rawCall(endpoint: string, fields: HeaderFields): Promise<RawResult> {
  const { stream } = await socketConnector(parseEndpoint(endpoint), {})(new AbortController().signal);
  const transport = new Transport(stream, { role: 'client', limits: defaultChannelLimits }, {});
  transport.start();
  try {
    return await new Promise((resolve) => {
      const request = transport.connection.openStream(fields, false);
      request.handler = {
        onHeaders: (_stream, trailers, endStream) => endStream && resolve({ trailers }),
        onData: (_stream, payload) => request.release(payload.length),
        onWritable() {},
        onFailure: (_stream, failure) => resolve({ failure }),
      };
      request.sendData(new Uint8Array(5), true);
    });
  } finally {
    transport.close();
  }
}

/** A header field out of a flat list. */
export function fieldOf(fields: HeaderFields | undefined, name: string): string | undefined {
  const index = fields?.findIndex((text, at) => at % 2 === 0 && text === name) ?? -1;
  return index === -1 ? undefined : fields?.[index + 1];
}

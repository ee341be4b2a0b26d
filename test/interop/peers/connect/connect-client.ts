import type { Socket } from 'node:net';
import {
  type CallOptions as ConnectCallOptions,
  ConnectError,
  createClient,
  type Transport,
} from '@connectrpc/connect';
import { compressionGzip, createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { dialSocket } from '../../../../src/socket/index.js';
import type { CallOptions, TestClient } from '../typescript/test-client.js';
import { appendHeader } from './append-header.js';
import { headerMetadata } from './header-metadata.js';
import { testService, unimplementedService } from './services.js';

/** What connect makes of a descriptor that it learns of at run time. */
type AnyClient = Record<string, (input: unknown, options: ConnectCallOptions) => never>;

/** The cases' calls on connect's client: node:http2 over sockets that podwire dialed. */
export async function connectClient(endpoint: string): Promise<TestClient> {
  const sockets = await Promise.all([dial(endpoint), dial(endpoint)]);
  const plainTransport = await transportOver(sockets[0]);
  // connect compresses per transport, not per call.
  const gzipTransport = await transportOver(sockets[1], compressionGzip);
  const plain = createClient(testService, plainTransport) as AnyClient;
  const gzip = createClient(testService, gzipTransport) as AnyClient;
  const nowhere = createClient(unimplementedService, plainTransport) as AnyClient;
  const call = (method: string) => (input: unknown, options?: CallOptions) =>
    (options?.compression === 'gzip' ? gzip : plain)[method]!(input, connectOptions(options));
  return {
    // connect's messages have their type in a field.
    emptyCall: (request, options) => Promise.resolve(call('emptyCall')(request, options)).then(() => ({})),
    unaryCall: call('unaryCall'),
    streamingInputCall: call('streamingInputCall'),
    streamingOutputCall: call('streamingOutputCall'),
    fullDuplexCall: call('fullDuplexCall'),
    unimplementedCall: call('unimplementedCall'),
    unimplementedService: (request, options) => nowhere.unimplementedCall!(request, connectOptions(options)),
    statusOf(error) {
      if (!(error instanceof ConnectError)) throw error;
      const details = error.details.map((detail) => {
        if ('desc' in detail) throw new Error('a detail that did not come from the server');
        return { typeUrl: `type.googleapis.com/${detail.type}`, value: detail.value };
      });
      return { code: error.code, message: error.rawMessage, details };
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function dial(endpoint: string): Promise<Socket> {
  return (await dialSocket(endpoint)).socket;
}

/** Only its host is used, as `:authority`. */
const baseUrl = 'http://localhost';

async function transportOver(socket: Socket, sendCompression?: typeof compressionGzip): Promise<Transport> {
  let used = false;
  const sessionManager = new Http2SessionManager(
    baseUrl,
    {},
    {
      createConnection() {
        // It has to be there at once, so there is one for the life of the transport.
        if (used) throw new Error('connect wants a second connection');
        used = true;
        return socket;
      },
    },
  );
  // Now, and not with the first call: a server waits some seconds for its client to say something.
  const state = await sessionManager.connect();
  if (state === 'error') throw new Error('no HTTP/2 session', { cause: sessionManager.error() });
  return createGrpcTransport({ baseUrl, sendCompression, sessionManager });
}

function connectOptions({
  metadata = [],
  timeoutMs,
  signal,
  onHeader,
  onTrailer,
}: CallOptions = {}): ConnectCallOptions {
  const headers = new Headers();
  for (const [key, value] of metadata) appendHeader(headers, key, value);
  return {
    headers,
    timeoutMs,
    signal,
    onHeader: (received) => onHeader?.(headerMetadata(received)),
    onTrailer: (received) => onTrailer?.(headerMetadata(received)),
  };
}

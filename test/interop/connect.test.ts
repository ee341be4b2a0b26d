import { describePair } from './describe-pair.js';

const endpoints = ['path', 'abstract'] as const;

describePair({ client: 'connect', server: 'podwire', endpoints });
describePair({
  client: 'podwire',
  server: 'connect',
  endpoints,
  notes: { gzip: 'a connect server compresses whatever is long and the client accepts; no call can choose' },
});
describePair({
  client: 'go-new',
  server: 'connect',
  endpoints,
  known: {
    // Web headers join several values of a -bin key with commas; grpc-go does not take them apart.
    custom_metadata: /malformed x-grpc-test-echo-trailing-bin: illegal base64 data/,
    // It compresses whatever is long and the client accepts.
    gzip: /^identity asked for, response compressed: got true, want false$/,
  },
  notes: {
    metadata: 'connect joins several values of a -bin key with commas, which grpc-go does not take apart',
    gzip: 'a connect server compresses whatever is long and the client accepts; no call can choose',
  },
});
describePair({
  client: 'go-old',
  server: 'connect',
  endpoints: [],
  impossible: {
    path: {
      reason: 'node:http2 resets a stream whose `:authority` is a path',
      error: /RST_STREAM with error code: PROTOCOL_ERROR/,
    },
  },
});

import { describePair } from './describe-pair.js';

// The judges judge each other: what fails between two of them would say nothing about podwire.
describePair({ client: 'go-new', server: 'grpc-js', endpoints: ['path'] });
describePair({
  client: 'grpc-js',
  server: 'go-new',
  endpoints: ['path'],
  // At the deadline a grpc-go server resets the stream with CANCEL; grpc-js says so when its own timer is the later one.
  known: { timeout: /^AssertionError \[ERR_ASSERTION\]: \w+\s+1 !== 4\s*$/ },
});
describePair({ client: 'go-new', server: 'python', endpoints: ['abstract'] });
describePair({
  client: 'python',
  server: 'go-new',
  endpoints: ['abstract'],
  // Likewise C-core.
  known: { timeout: /^AssertionError: \w+: got <StatusCode.CANCELLED.*want <StatusCode.DEADLINE_EXCEEDED/ },
});

describePair({
  client: 'go-old',
  server: 'grpc-js',
  endpoints: [],
  impossible: {
    path: {
      reason: 'node:http2 resets a stream whose `:authority` is a path',
      error: /RST_STREAM with error code: PROTOCOL_ERROR/,
    },
  },
});

import { describePair } from './describe-pair.js';

const abstract = { reason: 'grpc-js has no spelling for abstract names', error: /Failed to parse DNS address/ };

describePair({ client: 'grpc-js', server: 'podwire', endpoints: ['path'], impossible: { abstract } });
describePair({
  client: 'podwire',
  server: 'grpc-js',
  endpoints: ['path'],
  impossible: { abstract },
  notes: { gzip: 'requests only: a grpc-js server never compresses' },
});

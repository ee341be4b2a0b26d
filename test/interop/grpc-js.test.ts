import { describePair } from './describe-pair.js';

// grpc-js knows no abstract names.
describePair({ client: 'grpc-js', server: 'podwire', endpoints: ['path'] });
describePair({ client: 'podwire', server: 'grpc-js', endpoints: ['path'] });

import { describePair } from './describe-pair.js';

const endpoints = ['path', 'abstract'] as const;
const deadline = 'nice-grpc sends no `grpc-timeout`: when the time is over the client cancels';
const gzip = 'requests only: a grpc-js server never compresses';

describePair({ client: 'nice-grpc', server: 'podwire', endpoints, notes: { deadline } });
describePair({ client: 'podwire', server: 'nice-grpc', endpoints, notes: { gzip } });
describePair({ client: 'go-old', server: 'nice-grpc', endpoints, notes: { gzip } });
describePair({ client: 'go-new', server: 'nice-grpc', endpoints, notes: { gzip } });

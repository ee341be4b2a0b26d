import { describePair } from './describe-pair.js';

const endpoints = ['path', 'abstract'] as const;
const notes = { gzip: 'requests only: a grpc-js server never compresses' };

describePair({ client: 'grpc-js-podwire', server: 'podwire', endpoints });
describePair({ client: 'podwire', server: 'grpc-js-podwire', endpoints, notes });
// Older Go clients send the path of the socket, or @name, as `:authority`; node:http2 alone resets that.
describePair({ client: 'go-old', server: 'grpc-js-podwire', endpoints, notes });
describePair({ client: 'go-new', server: 'grpc-js-podwire', endpoints, notes });

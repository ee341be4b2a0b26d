import { describePair } from './describe-pair.js';

const endpoints = ['path', 'abstract'] as const;
const notes = { gzip: 'requests only: a grpc-js server never compresses' };

describePair({ client: 'grpc-js-podwire', server: 'podwire', endpoints });
// Older Go clients send the path of the socket, or @name, as `:authority`; node:http2 alone resets that.
for (const client of ['podwire', 'go-old', 'go-new', 'python', 'cpp', 'tonic'] as const) {
  describePair({ client, server: 'grpc-js-podwire', endpoints, notes });
}

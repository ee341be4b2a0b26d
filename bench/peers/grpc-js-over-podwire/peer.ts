import { nodePeer } from '../../harness/node-peer.js';

export const peer = nodePeer('grpc-js over podwire', 'grpc-js-over-podwire', '@grpc/grpc-js', 'long');

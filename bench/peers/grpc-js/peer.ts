import { nodePeer } from '../../harness/node-peer.js';

export const peer = nodePeer('grpc-js', 'grpc-js', '@grpc/grpc-js', 'long');

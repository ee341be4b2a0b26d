import { nodePeer } from '../../harness/node-peer.js';

export const peer = nodePeer('nice-grpc', 'nice-grpc', 'nice-grpc', 'long');

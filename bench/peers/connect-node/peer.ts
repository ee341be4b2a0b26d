import { nodePeer } from '../../harness/node-peer.js';

export const peer = nodePeer('connect-node', 'connect-node', '@connectrpc/connect-node', 'long');

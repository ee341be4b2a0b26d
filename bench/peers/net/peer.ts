import { nodePeer } from '../../harness/node-peer.js';

export const peer = nodePeer('bare net', 'net');

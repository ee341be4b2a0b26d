import type { Peer } from '../harness/peer.js';
import { peer as connectNode } from './connect-node/peer.js';
import { peer as grpcCpp } from './cpp/peer.js';
import { peer as grpcGo } from './grpc-go/peer.js';
import { peer as grpcJs } from './grpc-js/peer.js';
import { peer as grpcJsOverPodwire } from './grpc-js-over-podwire/peer.js';
import { peer as net } from './net/peer.js';
import { peer as niceGrpc } from './nice-grpc/peer.js';
import { peer as podwire } from './podwire/peer.js';
import { peer as tonic } from './tonic/peer.js';

/** Which peer stands in which folder, in the order of the table. The first one is what all others are compared with. */
export const peers: readonly { readonly folder: string; readonly peer: Peer }[] = [
  { folder: 'podwire', peer: podwire },
  { folder: 'net', peer: net },
  { folder: 'grpc-js', peer: grpcJs },
  { folder: 'nice-grpc', peer: niceGrpc },
  { folder: 'connect-node', peer: connectNode },
  { folder: 'grpc-go', peer: grpcGo },
  { folder: 'cpp', peer: grpcCpp },
  { folder: 'tonic', peer: tonic },
  { folder: 'grpc-js-over-podwire', peer: grpcJsOverPodwire },
];

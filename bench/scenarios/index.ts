import type { Scenario } from '../harness/scenario.js';
import { clientStream } from './client-stream.js';
import { connect } from './connect.js';
import { connections } from './connections.js';
import { createVolume } from './create-volume.js';
import { firstCall } from './first-call.js';
import { grpcJsOverPodwire } from './grpc-js-over-podwire.js';
import { hostPathCreate, hostPathList } from './host-path-growth.js';
import { hostPathLifeCycle } from './host-path-life-cycle.js';
import { idleConnections } from './idle-connections.js';
import { listVolumes } from './list-volumes.js';
import { mixedPairs } from './mixed-pairs.js';
import { pingPong } from './ping-pong.js';
import { serverStream } from './server-stream.js';
import { severalProcesses } from './several-processes.js';
import { unary1m } from './unary-1m.js';
import { unary64b } from './unary-64b.js';
import { unary64k } from './unary-64k.js';
import { underAttack } from './under-attack.js';

/** All scenarios, in the order of the table. */
export const scenarios: readonly Scenario[] = [
  ...unary64b,
  createVolume,
  listVolumes,
  unary64k,
  unary1m,
  ...serverStream,
  ...clientStream,
  pingPong,
  ...connections,
  connect,
  idleConnections,
  firstCall,
  grpcJsOverPodwire,
  mixedPairs,
  severalProcesses,
  hostPathLifeCycle,
  hostPathCreate,
  hostPathList,
  underAttack,
];

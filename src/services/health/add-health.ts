import { HealthDefinition } from '../../../gen/grpc/health/v1/health.js';
import type { Server } from '../../server/server.js';
import { Health } from './health.js';

/**
 * Adds `grpc.health.v1.Health`, which kubelet's gRPC probes, grpc_health_probe and load balancers ask. The server as a
 * whole (`''`) is SERVING at once; everything is NOT_SERVING for good when the server begins to shut down. Set the services
 * that can be unwell beside it:
 *
 *     const health = addHealth(server);
 *     health.set('csi.v1.Controller', 'NOT_SERVING');
 *
 * @throws TypeError when it was added before.
 */
export function addHealth(server: Server): Health {
  const health = new Health(server.stopping);
  server.add(HealthDefinition, health);
  return health;
}

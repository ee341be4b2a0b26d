import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { ControllerDefinition, IdentityDefinition, NodeDefinition } from '../../gen/csi/v1/csi.js';
// Outside this repository: from 'podwire'.
import { createServer, sameUser } from '../../src/index.js';
import { controllerService } from './controller-service.js';
import { DirectoryVolumes } from './directory-volumes.js';
import { DRIVER_NAME, identityService } from './identity-service.js';
import { nodeService } from './node-service.js';

const usage = `A CSI plugin that keeps volumes as directories.

  npx tsx examples/csi/plugin.ts --root FOLDER [--endpoint ENDPOINT] [--capacity BYTES] [--node-id NAME]

  --root      where the volumes are; made if it is missing
  --endpoint  where to listen; else the environment variable CSI_ENDPOINT
  --capacity  bytes for all volumes together; default 1 GiB
  --node-id   default: the host's name

Examples
  npx tsx examples/csi/plugin.ts --root /var/lib/volumes --endpoint unix-abstract:csi
  CSI_ENDPOINT=unix:///run/csi/csi.sock npx tsx examples/csi/plugin.ts --root /var/lib/volumes`;

try {
  const { values } = parseArgs({
    options: {
      root: { type: 'string' },
      endpoint: { type: 'string', default: process.env.CSI_ENDPOINT ?? '' },
      capacity: { type: 'string', default: String(2n ** 30n) },
      'node-id': { type: 'string', default: hostname() },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) console.log(usage);
  else await run(values.endpoint, values.root, values.capacity, values['node-id']);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

async function run(endpoint: string, root: string | undefined, capacity: string, nodeId: string): Promise<void> {
  if (endpoint === '') throw new Error('give --endpoint, or set CSI_ENDPOINT; --help says more');
  if (root === undefined) throw new Error('give --root, the folder for the volumes; --help says more');
  if (!/^\d+$/.test(capacity)) throw new Error(`--capacity takes a number of bytes, not ${JSON.stringify(capacity)}`);

  const volumes = await DirectoryVolumes.open(root, BigInt(capacity));
  // On SIGTERM and SIGINT running calls may finish, then the socket file goes.
  const server = createServer({ shutdownOn: true })
    .add(IdentityDefinition, identityService(volumes))
    // What the plugin does not offer answers UNIMPLEMENTED.
    .addPartial(ControllerDefinition, controllerService(volumes))
    .addPartial(NodeDefinition, nodeService(volumes, nodeId));
  // An abstract name has no permissions, so root has to say who may call. A pod with hostNetwork shares the name with all
  // of the host, where every root container is the same user: a path is the better choice there.
  const listener = await server.listen(endpoint, { allowPeer: sameUser() });
  console.log(`${DRIVER_NAME} listens on ${listener.address} with ${volumes.list().length} volumes in ${volumes.root}`);
}

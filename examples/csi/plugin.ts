import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
// Outside this repository: from 'podwire', 'podwire/csi/hostpath'.
import { createHostPathPlugin } from '../../src/csi/hostpath/index.js';
import { sameUser } from '../../src/index.js';

const usage = `The host-path plugin, which keeps volumes as folders of this machine. It is shown by links here, and needs no root.

  npx tsx examples/csi/plugin.ts --state FOLDER [--endpoint ENDPOINT]

  --state     the plugin's own folder; made if it is missing
  --endpoint  where to listen; else the environment variable CSI_ENDPOINT

Examples
  npx tsx examples/csi/plugin.ts --state /tmp/plugin --endpoint unix-abstract:csi
  CSI_ENDPOINT=unix:///run/csi/csi.sock npx tsx examples/csi/plugin.ts --state /var/lib/plugin`;

try {
  const { values } = parseArgs({
    options: {
      state: { type: 'string' },
      endpoint: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) console.log(usage);
  else await run(values.state, values.endpoint);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

async function run(stateFolder: string | undefined, endpoint = process.env.CSI_ENDPOINT): Promise<void> {
  if (!endpoint) throw new Error('give --endpoint, or set CSI_ENDPOINT; --help says more');
  if (stateFolder === undefined) throw new Error("give --state, the plugin's own folder; --help says more");
  const host = await createHostPathPlugin({ stateFolder, nodeId: hostname(), mounts: 'links' });
  try {
    // An abstract name has no permissions, so root has to say who may call. A pod with hostNetwork shares the name with all
    // of the host, where every root container is the same user: a path is the better choice there.
    const listener = await host.plugin.listen(endpoint, { allowPeer: sameUser() });
    console.log(`${host.plugin.name} listens on ${listener.address}`);
  } catch (error) {
    await host.close();
    throw error;
  }
}

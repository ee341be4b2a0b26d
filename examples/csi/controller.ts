import { parseArgs } from 'node:util';
// Outside this repository: from 'podwire', 'podwire/csi'.
import { createController } from '../../src/csi/index.js';
import { sameUser } from '../../src/index.js';

const usage = `Leads the volumes and snapshots of a CSI plugin to what a file says, and follows the file.

  npx tsx examples/csi/controller.ts --file FILE --state FOLDER [--endpoint ENDPOINT]

  --file      what is desired, in YAML: see examples/csi/volumes.yaml
  --state     the controller's own folder; made if it is missing
  --endpoint  where the plugin is, or will be; else the environment variable CSI_ENDPOINT

Example
  npx tsx examples/csi/controller.ts --file examples/csi/volumes.yaml --state /tmp/controller --endpoint unix-abstract:csi`;

try {
  const { values } = parseArgs({
    options: {
      file: { type: 'string' },
      state: { type: 'string' },
      endpoint: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) console.log(usage);
  else await run(values.file, values.state, values.endpoint);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

async function run(file?: string, stateFolder?: string, endpoint = process.env.CSI_ENDPOINT): Promise<void> {
  if (!endpoint) throw new Error('give --endpoint, or set CSI_ENDPOINT; --help says more');
  if (file === undefined) throw new Error('give --file, which says what is desired; --help says more');
  if (stateFolder === undefined) throw new Error("give --state, the controller's own folder; --help says more");
  // The plugin is of our own user: no other user's process may pretend to be it, be it root's.
  const connect = { channel: { allowServer: sameUser() } };
  const controller = await createController({ endpoint, stateFolder, file, connect });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.close());
  for await (const event of controller.events()) {
    switch (event.type) {
      case 'operationSucceeded':
        console.log(`${event.kind} ${event.name}: ${event.method}, ${event.durationMs} ms`);
        break;
      case 'operationFailed':
        console.log(`${event.kind} ${event.name}: ${event.error.message}; again in ${event.retryMs} ms`);
        break;
      case 'ready':
      case 'gone':
      case 'stuck':
        console.log(`${event.kind} ${event.name} is ${event.type}`);
        break;
      case 'fileRefused':
      case 'pluginFailed':
        console.log(event.error.message);
        break;
      case 'pluginReady':
        console.log(`the plugin ${event.plugin} is there`);
        break;
      case 'pluginLost':
        console.log(`the plugin is gone: ${event.reason}`);
        break;
    }
  }
}

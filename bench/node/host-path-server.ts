import { createHostPathPlugin } from '../../src/csi/hostpath/index.js';
import { hostPathOptions } from './host-path-options.js';
import { ProgramOptions } from './program-options.js';
import { runServer } from './run-server.js';

/** The host-path plugin as it is, with `--state-folder` and `--mounts`. */
const { plugin } = await createHostPathPlugin(hostPathOptions(new ProgramOptions()));
await runServer((endpoint) => plugin.listen(endpoint));

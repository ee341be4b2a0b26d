import type { HostPathPluginOptions } from '../../src/csi/hostpath/index.js';
import type { ProgramOptions } from './program-options.js';

/** The node that the plugin of the benchmark is on. */
export const NODE_ID = 'bench';

/** What the plugin of the benchmark is given: `--state-folder`, and `--mounts` which is `bind` or `links`. */
export function hostPathOptions(options: ProgramOptions): HostPathPluginOptions {
  return {
    stateFolder: options.text('state-folder'),
    nodeId: NODE_ID,
    mounts: options.text('mounts', 'links') === 'bind' ? 'bind' : 'links',
    // It is bookkeeping, and no file system may be large enough for 100,000 volumes.
    capacity: { standard: 1n << 60n },
    // The harness ends it.
    shutdownOn: false,
  };
}

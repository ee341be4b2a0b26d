import { ControllerDefinition } from '../../gen/csi/v1/csi.js';
import { createHostPathPlugin } from '../../src/csi/hostpath/index.js';
import { createClient } from '../../src/index.js';
import { createInProcessChannel } from '../../src/testing/index.js';
import { mountCapability } from './host-path-calls.js';
import { hostPathOptions } from './host-path-options.js';
import { ProgramOptions } from './program-options.js';

const WORKERS = 100;

/** `--volumes=N --state-folder=DIR`: makes N volumes there by CreateVolume, says `filled` and ends. */
const options = new ProgramOptions();
const count = options.number('volumes');
const { plugin, close } = await createHostPathPlugin(hostPathOptions(options));
const channel = createInProcessChannel(plugin.server);
const controller = createClient(ControllerDefinition, channel);
let next = 0;
const work = async (): Promise<void> => {
  while (next < count) {
    const name = `there-${next++}`;
    await controller.createVolume({ name, volumeCapabilities: [mountCapability] }, { timeoutMs: 60_000 });
  }
};
await Promise.all(Array.from({ length: WORKERS }, work));
await channel.close();
await close();
console.log('filled');

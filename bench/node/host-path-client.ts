import { ControllerDefinition, NodeDefinition } from '../../gen/csi/v1/csi.js';
import { createChannel, createClient } from '../../src/index.js';
import { createOne, lifeCycle, listPages } from './host-path-calls.js';
import { type Operation, runLoad } from './load.js';
import { ProgramOptions } from './program-options.js';

/** A client as README.md has it, of the host-path plugin: `--call` is `life-cycle`, `create-one` or `list-pages`. */
const options = new ProgramOptions();
const channel = createChannel(options.text('endpoint'));
const defaults = { timeoutMs: 60_000 };
const plugin = {
  controller: createClient(ControllerDefinition, channel, { defaults }),
  node: createClient(NodeDefinition, channel, { defaults }),
};
const operation = operationOf(options.text('call'));
const { laps, ...load } = await runLoad(Array(options.number('in-flight', 1)).fill(operation), {
  warmUp: options.number('warm-up', 1),
  seconds: options.number('seconds', 3),
  onMark: (mark) => console.log(mark),
});
await channel.close();
console.log(JSON.stringify({ units: laps, ...load }));
process.once('SIGTERM', () => process.exit());
setInterval(() => {}, 60_000);

function operationOf(call: string): Operation {
  switch (call) {
    case 'life-cycle':
      return lifeCycle(plugin, options.text('target-folder'));
    case 'create-one':
      return createOne(plugin);
    case 'list-pages':
      return listPages(plugin, options.number('messages'));
    default:
      throw new Error(`there is no --call=${call}`);
  }
}

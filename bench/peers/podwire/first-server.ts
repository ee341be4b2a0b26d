import { PodInfoDefinition } from '../../../gen/podinfo/v1/podinfo.js';
import { createServer } from '../../../src/index.js';
import { ProgramOptions } from '../../node/program-options.js';

const server = createServer({ shutdownOn: true });
server.addPartial(PodInfoDefinition, {
  describe: async ({ text }) => ({ reply: `${text} And a reply from the server.` }),
});
await server.listen(new ProgramOptions().text('endpoint'));
console.log('listening');

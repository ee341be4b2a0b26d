import { createServer } from 'nice-grpc';
import { PodInfoDefinition } from '../../../gen/podinfo/v1/podinfo.js';
import { ProgramOptions } from '../../node/program-options.js';

const { describe } = PodInfoDefinition.methods;

const server = createServer();
server.add(
  { ...PodInfoDefinition, methods: { describe } },
  { describe: async ({ text }) => ({ reply: `${text} And a reply from the server.` }) },
);
await server.listen(new ProgramOptions().text('endpoint'));
process.once('SIGTERM', () => server.forceShutdown());
console.log('listening');

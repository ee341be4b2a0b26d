import { PodInfoDefinition } from '../../../gen/podinfo/v1/podinfo.js';
import { createChannel, createClient } from '../../../src/index.js';
import { ProgramOptions } from '../../node/program-options.js';

const channel = createChannel(new ProgramOptions().text('endpoint'));
const podInfo = createClient(PodInfoDefinition, channel);
await podInfo.describe({ text: 'Some values from the client,' }, { timeoutMs: 10_000 });
console.log('answer');
await channel.close();

import { createChannel, createClient } from 'nice-grpc';
import { PodInfoDefinition } from '../../../gen/podinfo/v1/podinfo.js';
import { ProgramOptions } from '../../node/program-options.js';

const channel = createChannel(new ProgramOptions().text('endpoint'));
const podInfo = createClient(PodInfoDefinition, channel);
await podInfo.describe({ text: 'Some values from the client,' }, { signal: AbortSignal.timeout(10_000) });
console.log('answer');
channel.close();

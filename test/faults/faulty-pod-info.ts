import type { ServerContext } from '../../src/server/server-context.js';
import { type PodInfo, plainPodInfo } from '../server/serve-podinfo.js';
import { handlerFaults } from './handler-faults.js';

/** The request header that says which of `handlerFaults` shall answer, by its index. Without it all goes well. */
export const FAULT = 'fault';

function handlerOf<Method extends keyof PodInfo>(method: Method, { metadata }: ServerContext): PodInfo[Method] {
  const index = metadata.get(FAULT);
  return (index === undefined ? plainPodInfo[method] : handlerFaults[Number(index)].handler) as PodInfo[Method];
}

/** PodInfo with a handler for every fault. A `watch` without a limit goes on until its caller stops it. */
export const faultyPodInfo: PodInfo = {
  describe: (request, context) => handlerOf('describe', context)(request, context),
  watch: (request, context) =>
    handlerOf('watch', context)({ ...request, sampleLimit: request.sampleLimit || 2 ** 31 }, context),
  pushLogs: (requests, context) => handlerOf('pushLogs', context)(requests, context),
  exchange: (requests, context) => handlerOf('exchange', context)(requests, context),
};

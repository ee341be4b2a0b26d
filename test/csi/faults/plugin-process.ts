/*
 * A host-path plugin that is started, loaded and ready to serve, when `start` comes. It prints `+ method` when a handler begins and
 * `- method` when it ends, at once, so that whoever kills it knows what it was doing.
 */
import { writeSync } from 'node:fs';
import { createHostPathPlugin } from '../../../src/csi/hostpath/index.js';

export interface PluginStart {
  readonly endpoint: string;
  readonly stateFolder: string;
  readonly mounts: 'bind' | 'links';
}

const changes = /\/(Create|Delete|ControllerPublish|ControllerUnpublish|ControllerExpand|ControllerModify|Node(?!Get))/;

process.once('message', async ({ endpoint, stateFolder, mounts }: PluginStart) => {
  const say = (what: string) => writeSync(1, `${what}\n`);
  const { plugin } = await createHostPathPlugin({
    ...{ stateFolder, mounts, nodeId: 'node-1', mutableParameters: ['speed'] },
    interceptors: [
      (next) => async (request) => {
        const name = request.method.fullName;
        if (!changes.test(name)) return next(request);
        say(`+ ${name}`);
        try {
          return await next(request);
        } finally {
          say(`- ${name}`);
        }
      },
    ],
  });
  await plugin.listen(endpoint);
  process.send!('ready');
});
// A parent that is gone leaves nothing behind.
process.once('disconnect', () => process.exit());
process.send!('loaded');

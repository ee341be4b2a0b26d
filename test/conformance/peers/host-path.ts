/** The host-path plugin as a process of its own: `server --endpoint E --options JSON --log FILE`. Logs whatever there is to log. */
import { parseArgs } from 'node:util';
import { destination, pino } from 'pino';
import { createHostPathPlugin, type HostPathPluginOptions } from '../../../src/csi/hostpath/index.js';
import { logCalls } from '../../../src/csi/index.js';
import { anyOf, sameUser, users } from '../../../src/index.js';

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    endpoint: { type: 'string', default: '' },
    options: { type: 'string', default: '{}' },
    log: { type: 'string', default: '/dev/null' },
  },
});
const logger = pino({ level: 'trace' }, destination({ dest: values.log, sync: true }));
const options = JSON.parse(values.options) as HostPathPluginOptions;
const { plugin } = await createHostPathPlugin({ ...options, logger, interceptors: [logCalls(logger)] });
// root, who started this, looks at what is left.
await plugin.listen(values.endpoint, { allowPeer: anyOf(sameUser(), users(0)) });
console.log('listening');

/**
 * The server of the pod:
 *
 *     npx tsx examples/podinfo/server.ts [endpoint] [--peer-uid 1000]...
 */
import { parseArgs } from 'node:util';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
// Outside this repository: from 'podwire'.
import { createServer, sameUser, users } from '../../src/index.js';
import { podInfoService } from './pod-info-service.js';

const { values, positionals } = readArguments();
const endpoint = positionals[0] ?? 'unix-abstract:podinfo';
const peerUids = values['peer-uid'].map(Number);

// SIGTERM and SIGINT: no new calls, and the open ones may finish.
const server = createServer({ shutdownOn: true });
server.add(
  PodInfoDefinition,
  podInfoService({
    // As JSON, so that a line cannot steer the terminal it is shown on.
    onLogLine: (stream, line) => console.log(`log line on ${stream}: ${JSON.stringify(line)}`),
  }),
);

try {
  // An abstract name has no permissions: say who may call. Containers of one pod often run as different users.
  const allowPeer = peerUids.length === 0 ? sameUser() : users(...peerUids);
  const listener = await server.listen(endpoint, { allowPeer });
  console.log(`listening on ${listener.address}`);
  server.stopping.addEventListener('abort', () => console.log('shutting down'));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { 'peer-uid': { type: 'string', multiple: true, default: [] } },
    });
  } catch (error) {
    console.error(
      `${(error as Error).message}\nusage: npx tsx examples/podinfo/server.ts [endpoint] [--peer-uid 1000]...`,
    );
    process.exit(2);
  }
}

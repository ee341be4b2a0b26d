/**
 * Says back what it hears, until SIGTERM or SIGINT:
 *
 *     npx tsx examples/echo/server.ts [endpoint] [--peer-uid 1000]... [--mode 660] [--group 2000]
 *
 * Without an argument it listens where ECHO_ENDPOINT says, else on ./echo.sock.
 */
import { parseArgs } from 'node:util';
import { EchoServiceDefinition } from '../../gen/echo/v1/echo.js';
// Outside this repository: from 'podwire'.
import { createServer, users } from '../../src/index.js';

const { values, positionals } = readArguments();
const endpoint = positionals[0] ?? process.env.ECHO_ENDPOINT ?? './echo.sock';
const peerUids = values['peer-uid'].map(Number);

// The first signal closes the listener, which removes its file; the process ends when the open calls have.
const server = createServer({ shutdownOn: true });
server.add(EchoServiceDefinition, {
  async echo({ data }, { peer }) {
    console.log(`${data.length} bytes from user ${peer.uid ?? '?'}`);
    return { data };
  },
  async *echoStream(requests) {
    for await (const { data } of requests) yield { data };
  },
});

try {
  const listener = await server.listen(endpoint, {
    // Left out, the mode of the file decides; on an abstract name, our own user, and root has to say it.
    ...(peerUids.length > 0 && { allowPeer: users(...peerUids) }),
    ...(values.mode !== undefined && { mode: Number(`0o${values.mode}`) }),
    ...(values.group !== undefined && { group: Number(values.group) }),
  });
  console.log(`listening on ${listener.address}`);
  await server.closed;
  console.log('stopped');
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        'peer-uid': { type: 'string', multiple: true, default: [] },
        mode: { type: 'string' },
        group: { type: 'string' },
      },
    });
  } catch (error) {
    console.error(
      `${(error as Error).message}\nusage: npx tsx examples/echo/server.ts [endpoint] [--peer-uid 1000]... [--mode 660] [--group 2000]`,
    );
    process.exit(2);
  }
}

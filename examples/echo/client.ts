/**
 * Says some words and prints the echo, first as one call each, then all of them over one stream:
 *
 *     npx tsx examples/echo/client.ts [endpoint] [--peer-uid 1000]... [--say hello]...
 *
 * Without an argument it calls where ECHO_ENDPOINT says, else ./echo.sock. It waits 5 s for the server.
 */
import { parseArgs } from 'node:util';
import { EchoServiceDefinition } from '../../gen/echo/v1/echo.js';
// Outside this repository: from 'podwire'.
import { createChannel, createClient, users } from '../../src/index.js';

const { values, positionals } = readArguments();
const endpoint = positionals[0] ?? process.env.ECHO_ENDPOINT ?? './echo.sock';
const peerUids = values['peer-uid'].map(Number);

try {
  // Who the server may be. Left out: on a path whoever put the socket there, on an abstract name our own user or root.
  const channel = createChannel(endpoint, peerUids.length === 0 ? {} : { allowServer: users(...peerUids) });
  try {
    await channel.ready({ timeoutMs: 5_000 });
    const { uid } = channel.peer ?? {};
    console.log(`connected to user ${uid ?? '?'} at ${channel.address}`);
    const text = new TextDecoder();
    const echo = createClient(EchoServiceDefinition, channel, { defaults: { timeoutMs: 10_000 } });
    for (const word of values.say) {
      const { data } = await echo.echo({ data: Buffer.from(word) });
      console.log(`echo: ${text.decode(data)}`);
    }
    for await (const { data } of echo.echoStream(words())) console.log(`stream: ${text.decode(data)}`);
  } finally {
    await channel.close();
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

async function* words(): AsyncGenerator<{ data: Buffer }> {
  for (const word of values.say) yield { data: Buffer.from(word) };
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        'peer-uid': { type: 'string', multiple: true, default: [] },
        say: { type: 'string', multiple: true, default: ['hello', 'neighbour'] },
      },
    });
  } catch (error) {
    console.error(
      `${(error as Error).message}\nusage: npx tsx examples/echo/client.ts [endpoint] [--peer-uid 1000]... [--say hello]...`,
    );
    process.exit(2);
  }
}

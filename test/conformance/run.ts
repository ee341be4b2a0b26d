/**
 * `npm run conformance`: runs the public suites of gRPC and HTTP/2, prints what came out and writes their part of
 * docs/conformance.md. With `--check` the page must be what it is already. Ends with 1 when a case failed or the page differs.
 */
import { randomUUID } from 'node:crypto';
import { createServer, sameUser } from '../../src/index.js';
import { buildTools } from './build-tools.js';
import { conformancePage } from './conformance-page.js';
import { type H2specCase, runH2spec } from './h2spec.js';
import { runInteropMatrix } from './interop-matrix.js';
import { interopPeers, kinds } from './interop-peers.js';
import { Tally } from './tally.js';
import { transportServer } from './transport-server.js';

const smallestFrame = 16 * 1024;
/** The one case that has another outcome with the default frame size, for the reason that the page gives. */
const excused = 'Sends a large size HEADERS frame that exceeds the SETTINGS_MAX_FRAME_SIZE';

const tally = new Tally();

/** Starts a server on an abstract name, runs h2spec against it, and ends it. */
async function tryH2spec(
  program: string,
  serve: (endpoint: string) => Promise<() => Promise<void>>,
): Promise<H2specCase[]> {
  const endpoint = `unix-abstract:podwire-h2spec-${randomUUID()}`;
  const stop = await serve(endpoint);
  try {
    return await runH2spec(program, endpoint);
  } finally {
    await stop();
  }
}

async function podwireServer(endpoint: string, limits: { maxFrameSize?: number }): Promise<() => Promise<void>> {
  const server = createServer({ limits });
  await server.listen(endpoint, { allowPeer: sameUser() });
  return () => server.shutdown({ graceMs: 0 });
}

console.log('building the public programs and the peers');
const tools = await buildTools();
const peers = await interopPeers(tools);

console.log('h2spec');
const h2spec = new Map([
  ['`src/transport/`', await tryH2spec(tools.h2spec, (endpoint) => transportServer(endpoint, smallestFrame))],
  ['`Server`', await tryH2spec(tools.h2spec, (endpoint) => podwireServer(endpoint, { maxFrameSize: smallestFrame }))],
]);
for (const [target, cases] of h2spec) {
  for (const { section, name, outcome, message } of cases) {
    tally.count(`h2spec ${section} "${name}" against ${target}`, outcome === 'passed', `${outcome} ${message}`);
  }
}
for (const { section, name, outcome, message } of await tryH2spec(tools.h2spec, (endpoint) =>
  podwireServer(endpoint, {}),
)) {
  const expected = section === 'http2/4.2' && name === excused ? 'failed' : 'passed';
  tally.count(
    `h2spec ${section} "${name}" against \`Server\` with default limits`,
    outcome === expected,
    `${outcome} ${message}`,
  );
}

console.log('gRPC interop cases');
const pairs = await runInteropMatrix(peers);
for (const { client, server, outcomes } of pairs) {
  for (const kind of kinds) {
    for (const [name, outcome] of outcomes[kind]) {
      if ('absent' in outcome) continue;
      tally.count(`${name}, ${client.name} calls ${server.name}, ${kind}`, outcome.ok, outcome.error);
    }
  }
}

await tally.finish('conformance', conformancePage({ tools, peers, pairs, h2spec }));

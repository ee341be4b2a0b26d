import { parseArgs } from 'node:util';
import { cases } from './cases.js';
import type { TestClient } from './test-client.js';

export interface Peer {
  /** Resolves when the endpoint accepts connections, to what ends the server. */
  serve(endpoint: string): Promise<() => void | Promise<void>>;
  connect(endpoint: string): TestClient | Promise<TestClient>;
}

const caseLimitMs = 30_000;

/** `server --endpoint E` or `client --endpoint E --case NAME[,NAME...]`. */
export async function peerCommand(peer: Peer): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { endpoint: { type: 'string' }, case: { type: 'string', default: 'all' } },
  });
  const [command] = positionals;
  const { endpoint, case: names } = values;
  if ((command !== 'server' && command !== 'client') || endpoint === undefined) {
    throw new Error('usage: server --endpoint E | client --endpoint E --case NAME[,NAME...]');
  }
  if (command === 'server') {
    const stop = await peer.serve(endpoint);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, async () => {
        await stop();
        process.exit(0);
      });
    }
    console.log('listening');
    return;
  }
  let failed = false;
  const client = await peer.connect(endpoint);
  for (const name of names === 'all' ? Object.keys(cases) : names.split(',')) {
    const start = performance.now();
    const error = await runCase(client, name);
    const ms = Math.round((performance.now() - start) * 1000) / 1000;
    failed ||= error !== undefined;
    console.log(JSON.stringify({ case: name, ok: error === undefined, ms, error }));
  }
  await client.close();
  process.exitCode = failed ? 1 : 0;
}

/** Resolves to what went wrong. */
async function runCase(client: TestClient, name: string): Promise<string | undefined> {
  const run = cases[name];
  if (run === undefined) {
    return `unknown case "${name}"`;
  }
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, caseLimitMs, `no result within ${caseLimitMs} ms`);
  });
  const result = run(client).then(
    () => undefined,
    (error: unknown) => describe(error),
  );
  try {
    return await Promise.race([result, limit]);
  } finally {
    clearTimeout(timer);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  return error.cause === undefined ? `${error}` : `${error}: ${describe(error.cause)}`;
}

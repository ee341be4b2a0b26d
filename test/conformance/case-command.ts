import { parseArgs } from 'node:util';
import type { TestClient } from '../interop/peers/typescript/test-client.js';
import { cases } from './cases.js';

export interface ConformancePeer {
  /** Resolves when the endpoint accepts connections, to what ends the server. */
  serve(endpoint: string): Promise<() => void | Promise<void>>;
  connect(endpoint: string): TestClient;
}

const caseLimitMs = 60_000;

/** The command line of test/interop's peers, `server --endpoint E` and `client --endpoint E --case NAME,NAME`, for these cases. */
export async function caseCommand({ serve, connect }: ConformancePeer): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { endpoint: { type: 'string', default: '' }, case: { type: 'string', default: '' } },
  });
  const { endpoint } = values;
  if (positionals[0] === 'server') {
    const stop = await serve(endpoint);
    process.once('SIGTERM', async () => {
      await stop();
      process.exit(0);
    });
    console.log('listening');
    return;
  }
  const client = connect(endpoint);
  for (const name of values.case.split(',')) {
    const error = await errorOf(cases[name]!(client, () => connect(endpoint)));
    console.log(JSON.stringify({ case: name, ok: error === undefined, error }));
  }
  await client.close();
}

async function errorOf(running: Promise<void>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, caseLimitMs, `no result within ${caseLimitMs} ms`);
  });
  const result = running.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error)),
  );
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}

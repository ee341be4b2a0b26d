import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ProgramOptions } from './program-options.js';

/** The server program of a peer in Node; README.md says what it does. */
export async function runServer(listen: (endpoint: string) => Promise<unknown>): Promise<void> {
  process.once('SIGTERM', () => process.exit());
  process.on('SIGUSR2', () => {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    console.log(JSON.stringify({ heapBytes: heapUsed + external }));
  });
  await listen(new ProgramOptions().text('endpoint'));
  console.log('listening');
}

/** Without a flag on the command line, which a server in production would not have either. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
}

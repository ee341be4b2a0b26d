import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type CaseResult, PeerProcess } from '../interop/peer-process.js';

/** Runs grpc-go's interop client, a process for each case. */
export async function runGrpcGoClient(
  command: string,
  endpoint: string,
  cases: readonly string[],
): Promise<Pick<CaseResult, 'case' | 'ok' | 'error'>[]> {
  const results: Pick<CaseResult, 'case' | 'ok' | 'error'>[] = [];
  // Without a port the host is taken as it is: as one of gRPC's names.
  const target = [`--server_host=${endpoint}`, '--server_port=0'];
  // The limits are those of a hanging test, not of a slow machine.
  const soak = ['--soak_iterations=50', '--soak_per_iteration_max_acceptable_latency_ms=60000'];
  for (const name of cases) {
    const args = [...target, `--test_case=${name}`, ...soak, '--soak_overall_timeout_seconds=120'];
    const error = await PeerProcess.output({ command, args: [] }, args).then(
      () => undefined,
      (failure: Error) => failure.message,
    );
    results.push({ case: name, ok: error === undefined, error });
  }
  return results;
}

/** Starts grpc-go's interop server on a free TCP port, of all interfaces: it can do nothing else. Its own log says which. */
export async function startGrpcGoServer(command: string): Promise<{ port: number; stop(): Promise<void> }> {
  const child = spawn(command, ['--port=0'], {
    env: { ...process.env, GRPC_GO_LOG_SEVERITY_LEVEL: 'info' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'close');
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const log: string[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      log.push(line);
      const found = /listening on .*:(\d+)$/.exec(line);
      if (found !== null) resolve(Number(found[1]));
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`${command} does not listen:\n${log.join('\n')}`)));
  });
  return {
    port,
    async stop() {
      kill();
      await ended;
      process.removeListener('exit', kill);
    },
  };
}

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

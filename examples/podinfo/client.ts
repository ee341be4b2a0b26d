/**
 * A neighbour in the pod, which tries the four kinds of call:
 *
 *     npx tsx examples/podinfo/client.ts [endpoint] [--peer-uid 1000]...
 */
import { parseArgs } from 'node:util';
import {
  type ExchangeRequest,
  LogStream,
  PodInfoDefinition,
  type PushLogsRequest,
  type WatchResponse,
} from '../../gen/podinfo/v1/podinfo.js';
// Outside this repository: from 'podwire'.
import { createChannel, createClient, users } from '../../src/index.js';

const { values, positionals } = readArguments();
const endpoint = positionals[0] ?? 'unix-abstract:podinfo';
const peerUids = values['peer-uid'].map(Number);

try {
  // Anybody in the network namespace can take a name: unless told otherwise the server must be our own user or root.
  const channel = createChannel(endpoint, peerUids.length === 0 ? {} : { allowServer: users(...peerUids) });
  try {
    await channel.ready({ timeoutMs: 5_000 });
    const { uid, pid } = channel.peer ?? {};
    console.log(`connected to ${channel.address}, process ${pid ?? '?'} of user ${uid ?? '?'}`);
    await callAll(createClient(PodInfoDefinition, channel, { defaults: { timeoutMs: 10_000 } }));
  } finally {
    await channel.close();
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

async function callAll(podInfo: ReturnType<typeof createClient<PodInfoDefinition>>): Promise<void> {
  const { reply } = await podInfo.describe({ text: 'Some values from the client,' });
  console.log(`describe: ${reply || 'the reply was empty'}`);

  for await (const sample of podInfo.watch({ intervalMs: 100, sampleLimit: 3 })) {
    console.log(`watch: ${show(sample)}`);
  }

  const { acceptedLines, acceptedBytes, rejectedLines } = await podInfo.pushLogs(logLines());
  console.log(`pushLogs: ${acceptedLines} lines of ${acceptedBytes} bytes accepted, ${rejectedLines} rejected`);

  for await (const { id, outcome } of podInfo.exchange(commands())) {
    console.log(`exchange: ${id} ${outcome?.$case === 'output' ? '->' : 'failed:'} ${outcome?.value ?? ''}`);
  }
}

async function* logLines(): AsyncGenerator<Partial<PushLogsRequest>> {
  const timeUnixNanos = BigInt(Date.now()) * 1_000_000n;
  yield { timeUnixNanos, stream: LogStream.LOG_STREAM_STDOUT, line: 'sidecar started' };
  yield { timeUnixNanos, stream: LogStream.LOG_STREAM_STDERR, line: 'cache is cold' };
  yield { timeUnixNanos, line: 'of no stream' };
}

async function* commands(): AsyncGenerator<Partial<ExchangeRequest>> {
  yield { id: 1n, command: 'echo', arguments: ['hello', 'neighbour'] };
  yield { id: 2n, command: 'hostname' };
  yield { id: 3n, command: 'uptime' };
  yield { id: 4n, command: 'rm', arguments: ['-rf', '/'] };
}

function show({ sequence, cgroupVersion, ...figures }: WatchResponse): string {
  const { cpuUsageMicros, memoryUsageBytes, memoryLimitBytes, pidsCurrent } = figures;
  const cpu = cpuUsageMicros === undefined ? '?' : `${(Number(cpuUsageMicros) / 1e6).toFixed(3)} s`;
  const limit = memoryLimitBytes === undefined ? '' : ` of ${mebibytes(memoryLimitBytes)}`;
  const memory = `${mebibytes(memoryUsageBytes)}${limit}`;
  return `sample ${sequence} (cgroup v${cgroupVersion}): cpu ${cpu}, memory ${memory}, processes ${pidsCurrent ?? '?'}`;
}

function mebibytes(bytes: bigint | undefined): string {
  return bytes === undefined ? '?' : `${(Number(bytes) / 2 ** 20).toFixed(1)} MiB`;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { 'peer-uid': { type: 'string', multiple: true, default: [] } },
    });
  } catch (error) {
    console.error(
      `${(error as Error).message}\nusage: npx tsx examples/podinfo/client.ts [endpoint] [--peer-uid 1000]...`,
    );
    process.exit(2);
  }
}

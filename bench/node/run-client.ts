import { readFileSync } from 'node:fs';
import type { BenchClient, Connect } from './bench-client.js';
import { type Operation, runLoad } from './load.js';
import { ProgramOptions } from './program-options.js';

/** Connections that are opened at a time. */
const OPENING = 50;

/** The client program of a peer in Node; README.md says what it does. */
export async function runClient(connect: Connect): Promise<void> {
  const options = new ProgramOptions();
  const endpoint = options.text('endpoint');
  const call = options.text('call');
  const messages = options.number('messages', 1);
  const inFlight = options.number('in-flight', 1);
  const requestFile = options.text('request-file', '');
  const createVolumeRequest = requestFile === '' ? new Uint8Array() : readFileSync(requestFile);
  const open = (): Promise<BenchClient> => connect(endpoint, createVolumeRequest);

  const clients: BenchClient[] = [];
  const count = call === 'connect' ? 0 : options.number('connections', 1);
  while (clients.length < count) {
    const group = Array.from({ length: Math.min(OPENING, count - clients.length) }, open);
    clients.push(...(await Promise.all(group.map(greeted))));
  }
  const operations =
    call === 'connect'
      ? Array.from({ length: inFlight }, () => connecting(open))
      : clients.flatMap((client) => {
          const operation = operationOf(client, call, messages, options.number('bytes', 64));
          return Array.from({ length: inFlight }, () => operation);
        });
  const { laps, ...load } = await runLoad(operations, {
    warmUp: options.number('warm-up', 1),
    seconds: options.number('seconds', 3),
    onMark: (mark) => console.log(mark),
  });
  const perLap = call === 'server-stream' || call === 'client-stream' ? messages : 1;
  console.log(JSON.stringify({ units: laps * perLap, ...load }));
  // Closing a thousand clients politely is not part of the benchmark; the harness ends the process.
  process.once('SIGTERM', () => process.exit());
  setInterval(() => {}, 60_000);
}

async function greeted(opening: Promise<BenchClient>): Promise<BenchClient> {
  const client = await opening;
  await client.empty();
  return client;
}

function connecting(open: () => Promise<BenchClient>): Operation {
  return async (lap) => {
    const client = await greeted(open());
    await client.close();
    lap();
  };
}

function operationOf(client: BenchClient, call: string, messages: number, bytes: number): Operation {
  switch (call) {
    case 'unary':
      return (lap) => client.unary(bytes).then(lap);
    case 'create-volume':
      return (lap) => client.createVolume().then(lap);
    case 'list-volumes':
      return (lap) => client.listVolumes(messages).then(lap);
    case 'server-stream':
      return (lap) => client.serverStream(messages, bytes).then(lap);
    case 'client-stream':
      return (lap) => client.clientStream(messages, bytes).then(lap);
    case 'ping-pong':
      return (lap) => client.pingPong(messages, bytes, lap);
    default:
      throw new Error(`there is no --call=${call}`);
  }
}

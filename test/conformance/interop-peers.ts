import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { buildPeer, type PeerProgram } from '../interop/build-peers.js';
import { type CaseResult, PeerProcess } from '../interop/peer-process.js';
import type { Tools } from './build-tools.js';
import { runGrpcGoClient } from './grpc-go-client.js';

export const kinds = ['path', 'abstract'] as const;
export type EndpointKind = (typeof kinds)[number];
export type Result = Pick<CaseResult, 'case' | 'ok' | 'error'>;

/** Why a case cannot be run, by its name. */
export type Lacking = Readonly<Record<string, string>>;

/** Somebody who plays the cases, as a client and as a server. */
export interface InteropPeer {
  readonly name: string;
  readonly about: string;
  /** Kinds of endpoints that it cannot use. */
  readonly lackingKinds: Partial<Readonly<Record<EndpointKind, string>>>;
  readonly lackingAsClient: Lacking;
  readonly lackingAsServer: Lacking;
  /** Resolves when the endpoint accepts connections, to what ends the server. */
  serve(endpoint: string): Promise<() => Promise<void>>;
  runCases(endpoint: string, cases: readonly string[]): Promise<Result[]>;
}

/** No client here can. */
export const lackingEverywhere: Lacking = {
  client_compressed_streaming:
    'the client would have to choose for each message of a call: grpc-go’s program has no such case, grpcio and podwire choose for a call, grpc-js for a channel',
  cacheable_unary: 'asks for HTTP GET and for a caching proxy in between; all gRPC libraries here send POST only',
};

const plainAnswers = (who: string): Lacking => ({
  server_compressed_unary: `${who} does not compress`,
  server_compressed_streaming: `${who} does not compress`,
});

/** The peers that podwire is tried with, and podwire itself, the last one. */
export async function interopPeers(tools: Tools): Promise<InteropPeer[]> {
  const python = await buildPeer('python');
  const grpcio = { command: python.command, args: ['-B', path.join(import.meta.dirname, 'peers/grpcio.py')] };
  const { version: grpcJsVersion } = createRequire(import.meta.url)('@grpc/grpc-js/package.json') as {
    version: string;
  };
  const grpcJsServes = plainAnswers('a grpc-js server');
  return [
    grpcGo(tools),
    programPeer('grpcio', `grpcio ${grpcioVersion()}, with programs of this repository`, grpcio),
    {
      ...programPeer('grpc-js', `grpc-js ${grpcJsVersion}, with programs of this repository`, typeScript('grpc-js')),
      lackingKinds: { abstract: 'grpc-js has no abstract names' },
      lackingAsServer: grpcJsServes,
    },
    {
      ...programPeer(
        'grpc-js on podwire',
        'the same behind `bindServer` and `channelFactory` of `podwire/grpc-js`',
        typeScript('grpc-js-podwire'),
      ),
      lackingAsServer: grpcJsServes,
    },
    programPeer('podwire', 'this repository', typeScript('podwire')),
  ];
}

function typeScript(name: string): PeerProgram {
  const program = path.join(import.meta.dirname, `peers/${name}.ts`);
  return { command: process.execPath, args: ['--import', import.meta.resolve('tsx'), program] };
}

function grpcioVersion(): string {
  const requirements = readFileSync(path.join(import.meta.dirname, '../interop/peers/python/requirements.txt'), 'utf8');
  return /^grpcio==(\S+)$/m.exec(requirements)?.[1] ?? 'of no version';
}

function programPeer(name: string, about: string, program: PeerProgram): InteropPeer {
  return {
    ...{ name, about, lackingKinds: {}, lackingAsClient: {}, lackingAsServer: {} },
    async serve(endpoint) {
      const server = await PeerProcess.server(program, ['server', '--endpoint', endpoint]);
      return async () => {
        const end = await server.stop();
        if (end !== 0) throw new Error(`the server of ${name} ended with ${end}`);
      };
    },
    runCases: (endpoint, cases) => PeerProcess.client(program, endpoint, cases),
  };
}

function grpcGo({ grpcGoClient, grpcGoServer, grpcGoVersion }: Tools): InteropPeer {
  const noCase = 'grpc-go’s client program has no such case';
  return {
    name: 'grpc-go',
    about: `grpc-go ${grpcGoVersion}, its own interop client, and its own interop service on a Unix socket`,
    lackingKinds: {},
    lackingAsClient: {
      client_compressed_unary: noCase,
      server_compressed_unary: noCase,
      server_compressed_streaming: noCase,
    },
    lackingAsServer: plainAnswers('grpc-go’s interop service'),
    async serve(endpoint) {
      const server = await PeerProcess.server({ command: grpcGoServer, args: [] }, ['--endpoint', endpoint]);
      return async () => {
        const end = await server.stop();
        if (end !== 0) throw new Error(`the server of grpc-go ended with ${end}`);
      };
    },
    runCases: (endpoint, cases) => runGrpcGoClient(grpcGoClient, endpoint, cases),
  };
}

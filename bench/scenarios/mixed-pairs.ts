import type { Contender, Scenario } from '../harness/scenario.js';

/** Clients and servers that are not of one library: most sidecars are written in Go. */
const pairs = [
  ['podwire', 'grpc-go'],
  ['grpc-go', 'podwire'],
  ['podwire', 'podwire'],
  ['grpc-go', 'grpc-go'],
] as const;

export const mixedPairs: Scenario = {
  name: 'client and server of two libraries, unary 64 B, 100 in flight',
  unit: 'calls',
  figure: 'perSecond',
  overhead: 0.7,
  contenders: (peers) =>
    pairs.flatMap(([clientName, serverName]): Contender[] => {
      const client = peers.get(clientName)?.client;
      const server = peers.get(serverName)?.server;
      if (client === undefined || server === undefined || !peers.has('grpc-go')) return [];
      const name = `${clientName} calls ${serverName}`;
      return [
        { name, measure: (bench) => bench.load({ name, server, client }, { call: 'unary', bytes: 64, inFlight: 100 }) },
      ];
    }),
};

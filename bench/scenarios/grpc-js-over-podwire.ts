import type { Contender, Scenario } from '../harness/scenario.js';

/** A program that keeps its grpc-js clients and gets podwire's channel under them. */
const rows = [
  { name: 'grpc-js client over podwire', client: 'grpc-js over podwire', server: 'podwire' },
  { name: 'grpc-js alone', client: 'grpc-js', server: 'grpc-js' },
];

export const grpcJsOverPodwire: Scenario = {
  name: 'grpc-js client over podwire, unary 64 B, 100 in flight',
  unit: 'calls',
  figure: 'perSecond',
  overhead: 0.7,
  contenders: (peers) =>
    rows.flatMap((row): Contender[] => {
      const { client, warmUp } = peers.get(row.client) ?? {};
      const server = peers.get(row.server)?.server;
      if (client === undefined || server === undefined || !peers.has('grpc-js over podwire')) return [];
      const { name } = row;
      return [
        {
          name,
          warmUp,
          measure: (bench) => bench.load({ name, server, client, warmUp }, { call: 'unary', bytes: 64, inFlight: 100 }),
        },
      ];
    }),
};

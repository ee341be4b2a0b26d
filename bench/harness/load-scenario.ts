import type { LoadOptions } from './bench.js';
import type { Call } from './peer.js';
import type { Scenario } from './scenario.js';

interface LoadScenario extends LoadOptions {
  readonly name: string;
  readonly call: Call;
  readonly unit?: string;
  readonly payloadBytes?: number;
}

/** A scenario in which every peer's client calls its own server. */
export function loadScenario({ name, unit = 'calls', payloadBytes, ...options }: LoadScenario): Scenario {
  return {
    name,
    unit,
    payloadBytes,
    figure: 'perSecond',
    overhead: 0.7 + (options.connections ?? 1) / 500,
    contenders: (peers) =>
      [...peers].flatMap(([peer, { server, client, warmUp, lacks = [] }]) => {
        if (server === undefined || client === undefined || lacks.includes(options.call)) return [];
        const programs = { name: peer, server, client, warmUp };
        return [{ name: peer, warmUp, measure: (bench) => bench.load(programs, options) }];
      }),
  };
}

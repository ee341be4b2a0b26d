import type { LoadOptions } from './bench.js';
import type { BuiltPeer, Call } from './peer.js';
import type { Contender, Scenario } from './scenario.js';

interface LoadScenario extends LoadOptions {
  readonly name: string;
  readonly call: Call;
  readonly unit?: string;
  readonly payloadBytes?: number;
  /** An option of Node with which podwire's programs are measured once more. */
  readonly nodeOption?: string;
}

/** A scenario in which every peer's client calls its own server. */
export function loadScenario({ name, unit = 'calls', payloadBytes, nodeOption, ...options }: LoadScenario): Scenario {
  function contender(name: string, { server, client, warmUp, lacks = [] }: BuiltPeer): Contender[] {
    if (server === undefined || client === undefined || lacks.includes(options.call)) return [];
    const programs = { name, server, client, warmUp };
    return [{ name, warmUp, measure: (bench) => bench.load(programs, options) }];
  }
  return {
    name,
    unit,
    payloadBytes,
    figure: 'perSecond',
    overhead: 0.7 + (options.connections ?? 1) / 500,
    contenders(peers) {
      const contenders = [...peers].flatMap(([peer, built]) => contender(peer, built));
      const podwire = peers.get('podwire');
      if (nodeOption === undefined || podwire === undefined) return contenders;
      const optioned = {
        ...podwire,
        server: insert(nodeOption, podwire.server),
        client: insert(nodeOption, podwire.client),
      };
      return [...contenders, ...contender(`podwire, ${nodeOption}`, optioned)];
    },
  };
}

function insert(option: string, command: readonly string[] | undefined): string[] | undefined {
  return command && [command[0], option, ...command.slice(1)];
}

import { type BarChart, barChart } from './bar-chart.js';
import type { Figure } from './figures.js';
import type { Results } from './results.js';
import type { Scenario } from './scenario.js';

interface Chart {
  readonly file: string;
  readonly title: string;
  readonly caption: string;
  readonly scenarios: (scenario: Scenario) => boolean;
  /** What is shown: one figure, or two that are stacked. */
  readonly figures: readonly Figure[];
  /** What a figure is multiplied with. */
  readonly scale?: (scenario: Scenario) => number;
}

const MIB = 1_024 * 1_024;
const median = 'medians of all rounds';

const charts: readonly Chart[] = [
  {
    file: 'calls.svg',
    title: 'Small calls per second',
    caption: `unary, 64 octets each way, client and server with a core each; ${median}; more is better`,
    scenarios: ({ name }) => name.startsWith('unary 64 B'),
    figures: ['perSecond'],
  },
  {
    file: 'cpu.svg',
    title: 'Processor time for one call',
    caption: `microseconds: client, then server; ${median}; less is better`,
    scenarios: ({ name }) => name === 'unary 64 B, 100 in flight' || name.startsWith('CSI CreateVolume'),
    figures: ['clientCpu', 'serverCpu'],
  },
  {
    file: 'latency.svg',
    title: 'Latency of a call that is alone',
    caption: `microseconds, half of the calls take less; unary, 64 octets, one in flight; ${median}; less is better`,
    scenarios: ({ name }) => name === 'unary 64 B, 1 in flight',
    figures: ['p50'],
  },
  {
    file: 'messages.svg',
    title: 'Small messages per second on streams',
    caption: `64 octets each; ${median}; more is better`,
    scenarios: ({ name }) => name.endsWith('stream of 64-B messages') || name.startsWith('bidirectional'),
    figures: ['perSecond'],
  },
  {
    file: 'throughput.svg',
    title: 'Large messages',
    caption: `MiB of payload per second, both directions together; ${median}; more is better`,
    scenarios: ({ payloadBytes }) => payloadBytes !== undefined,
    figures: ['perSecond'],
    scale: ({ payloadBytes = 0 }) => payloadBytes / MIB,
  },
  {
    file: 'memory.svg',
    title: 'Memory of an idle connection',
    caption: `KiB resident in the server, after a handshake, one call and a collection of garbage; ${median}; less is better`,
    scenarios: ({ figure }) => figure === 'residentPerConnection',
    figures: ['residentPerConnection'],
    scale: () => 1 / 1_024,
  },
  {
    file: 'first-call.svg',
    title: 'From the start of two processes to the first answer',
    caption: `milliseconds; ${median}; less is better`,
    scenarios: ({ figure }) => figure === 'elapsed',
    figures: ['elapsed'],
  },
];

/** All charts for which the run has figures, by file name. */
export function drawCharts(scenarios: readonly Scenario[], results: Results): ReadonlyMap<string, string> {
  const drawn = new Map<string, string>();
  for (const chart of charts) {
    const groups = scenarios.filter(chart.scenarios).flatMap((scenario) => group(chart, scenario, results));
    const { file, title, caption } = chart;
    if (groups.length > 0) drawn.set(file, barChart({ title, caption, groups }));
  }
  return drawn;
}

function group(chart: Chart, scenario: Scenario, results: Results): BarChart['groups'] {
  const scale = chart.scale?.(scenario) ?? 1;
  const bars = results.contenders(scenario.name).flatMap((label) => {
    const parts = chart.figures.flatMap((figure) => {
      const value = results.figure(scenario.name, label, figure);
      return value === undefined ? [] : [Math.max(0, value.median * scale)];
    });
    return parts.length === 0 ? [] : [{ label, parts, ours: label === 'podwire' || label.startsWith('podwire,') }];
  });
  return bars.length === 0 ? [] : [{ label: scenario.name, bars }];
}

import type { Figure } from './figures.js';
import { formatNumber } from './format-number.js';
import type { Quartiles } from './quartiles.js';
import type { Results } from './results.js';
import type { Scenario } from './scenario.js';

const KIB = 1_024;
const MIB = KIB * KIB;

const head = [
  'scenario',
  'who',
  'result (middle half of the rounds)',
  'p50 us',
  'p99 us',
  'CPU us: client + server',
  'peak MiB: client + server',
  'first / this',
  'first / this in CPU',
  'this / bare net',
];

/** One row a contender, in Markdown. */
export function resultTable(scenarios: readonly Scenario[], results: Results): string {
  const rows = scenarios.flatMap((scenario) =>
    results.contenders(scenario.name).map((contender) => row(scenario, contender, results)),
  );
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((cells) => cells[column].length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(' | ')} |`;
  const rule = widths.map((width, column) => (column < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function row(scenario: Scenario, contender: string, results: Results): string[] {
  const { name, figure } = scenario;
  const failures = results.failures(name, contender);
  const value = results.figure(name, contender, figure);
  if (value === undefined) {
    const why = failures === undefined ? 'nothing ended in the measured time' : `failed: ${short(failures.error)}`;
    return [name, contender, why, ...Array(7).fill('')];
  }
  const median = (of: Figure): number | undefined => results.figure(name, contender, of)?.median;
  const plain = (of: Figure): string => cell(median(of));
  const ratio = (of: Quartiles | undefined): string => (of === undefined ? '' : `${formatNumber(of.median)}x`);
  const pair = (client: Figure, server: Figure, unit = 1): string =>
    [median(client), median(server)]
      .map((part) => cell(part === undefined ? part : part / unit))
      .filter(Boolean)
      .join(' + ');
  const [base] = results.contenders(name);
  return [
    name,
    contender,
    result(scenario, value, median('heapPerConnection')) +
      (failures === undefined ? '' : ` (failed in ${failures.count} rounds: ${short(failures.error)})`),
    plain('p50'),
    plain('p99'),
    pair('clientCpu', 'serverCpu'),
    pair('clientPeak', 'serverPeak', MIB),
    ratio(contender === base ? undefined : results.ratio(name, base, contender, figure)),
    ratio(contender === base ? undefined : results.ratio(name, base, contender, 'cpu')),
    ratio(contender === 'bare net' ? undefined : results.ratio(name, contender, 'bare net', figure)),
  ];
}

function result({ figure, unit, payloadBytes }: Scenario, value: Quartiles, heap: number | undefined): string {
  const span = (divisor: number): string =>
    `${formatNumber(value.median / divisor)} (${formatNumber(value.low / divisor)}-${formatNumber(value.high / divisor)})`;
  if (figure === 'perSecond') {
    const throughput = payloadBytes === undefined ? '' : `, ${formatNumber((value.median * payloadBytes) / MIB)} MiB/s`;
    return `${span(1)} ${unit}/s${throughput}`;
  }
  if (figure === 'residentPerConnection') {
    return `${span(KIB)} ${unit}${heap === undefined ? '' : `, ${formatNumber(heap / KIB)} of heap`}`;
  }
  return figure === 'elapsed' ? `${span(1)} ${unit}` : `${span(1)} us ${figure}`;
}

function cell(value: number | undefined): string {
  return value === undefined ? '' : formatNumber(value);
}

/** The line of what a program said that names its error, if there is one: the others have paths of this machine in them. */
function short(error: string): string {
  const line = error.split('\n').find((text) => /^\w*Error\b/.test(text)) ?? error;
  return line.replaceAll('|', '/').replace(/\s+/g, ' ').slice(0, 120);
}

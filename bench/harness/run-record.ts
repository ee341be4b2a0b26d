import { cpus, release, totalmem } from 'node:os';
import type { BuiltPeers } from './build-peers.js';
import { formatNumber } from './format-number.js';
import type { Outcome } from './results.js';
import { warmUpSeconds } from './warm-up.js';

/** Everything about one run, as it stands in the JSON file. */
export interface RunRecord {
  readonly date: string;
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    readonly memoryGiB: number;
    readonly kernel: string;
  };
  readonly node: string;
  readonly rounds: number;
  readonly warmUp: number;
  readonly seconds: number;
  /** Versions of the peers that were measured, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Why the others were not. */
  readonly missing: Readonly<Record<string, string>>;
  /** By scenario and contender, one entry a round. */
  readonly outcomes: Readonly<Record<string, Readonly<Record<string, readonly Outcome[]>>>>;
}

export function describeRun(
  { built, missing }: BuiltPeers,
  options: Pick<RunRecord, 'rounds' | 'warmUp' | 'seconds'>,
): Omit<RunRecord, 'outcomes'> {
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      processor: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 1_024 ** 3),
      kernel: release(),
    },
    node: process.version,
    ...options,
    versions: Object.fromEntries([...built].map(([name, { version }]) => [name, version])),
    missing: Object.fromEntries(missing),
  };
}

/** One paragraph: where and how it was measured. */
export function printRun({
  machine,
  node,
  rounds,
  warmUp,
  seconds,
  versions,
  missing,
  date,
}: Omit<RunRecord, 'outcomes'>): string {
  const { processor, cores, memoryGiB, kernel } = machine;
  const list = (entries: Readonly<Record<string, string>>): string =>
    Object.entries(entries)
      .map(([name, text]) => `${name} ${text}`)
      .join(', ');
  const lines = [
    `${date}: ${processor}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}, Node ${node}.`,
    `Medians of ${rounds} rounds of ${seconds} s after a warm-up of ${warmUp} s (machine code ${warmUpSeconds(warmUp, 'short')} s, on node:http2 ${formatNumber(warmUpSeconds(warmUp, 'long'))} s); in brackets the middle half of the rounds.`,
    'Ratios are medians over pairs of the same round.',
    `Peers: ${list(versions)}.`,
  ];
  if (Object.keys(missing).length > 0) lines.push(`Not measured: ${list(missing)}.`);
  if (cores <= 2) lines.push('Client, server, attacker and this program share two cores.');
  return lines.join('\n');
}

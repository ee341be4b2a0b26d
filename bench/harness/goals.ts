import type { Figure } from './figures.js';
import { formatNumber } from './format-number.js';
import type { Results } from './results.js';

/** What podwire has to reach, and what it has reached in this run. */
export interface GoalResult {
  readonly scenario: string;
  readonly goal: string;
  readonly measured: string;
  /** Undefined when the run has not measured what it takes. */
  readonly reached: boolean | undefined;
}

interface Goal {
  readonly scenario: string;
  readonly goal: string;
  /** Compared with it: contenders of the scenario, of which the best counts. */
  readonly peers: readonly string[];
  readonly figure: Figure;
  /** The ratio of podwire to the best peer, by medians of paired rounds, that is at least (for rates) or at most wanted. */
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Whose figure it is; default podwire's. */
  readonly who?: string;
}

const native = ['grpc-go', 'gRPC C++', 'tonic'];
const all = ['grpc-js', 'nice-grpc', 'connect-node', ...native];
const net = ['bare net'];

const unary = (inFlight: string): string => `unary 64 B, ${inFlight} in flight`;
const thousand = 'unary 64 B, 1,000 connections x 1 in flight';
const createVolume = 'CSI CreateVolume, 100 in flight';

const goals: readonly Goal[] = [
  { scenario: unary('100'), goal: 'at least 12 x grpc-js', peers: ['grpc-js'], figure: 'perSecond', atLeast: 12 },
  {
    scenario: unary('100'),
    goal: 'at least 1.5 x the best native peer',
    peers: native,
    figure: 'perSecond',
    atLeast: 1.5,
  },
  {
    scenario: unary('100'),
    goal: "CPU per call at most 2/3 of the best peer's",
    peers: all,
    figure: 'cpu',
    atMost: 2 / 3,
  },
  { scenario: unary('1'), goal: 'p50 at most 1.5 x bare net', peers: net, figure: 'p50', atMost: 1.5 },
  { scenario: unary('1'), goal: 'p50 below every peer', peers: all, figure: 'p50', atMost: 1 },
  { scenario: createVolume, goal: 'at least 8 x grpc-js', peers: ['grpc-js'], figure: 'perSecond', atLeast: 8 },
  { scenario: createVolume, goal: 'at least the best peer', peers: all, figure: 'perSecond', atLeast: 1 },
  ...['unary 64 KiB, 4 in flight', 'unary 1 MiB, 4 in flight'].map(
    (scenario): Goal => ({ scenario, goal: 'at least the best peer', peers: all, figure: 'perSecond', atLeast: 1 }),
  ),
  ...['server stream of 64-B messages', 'client stream of 64-B messages'].map(
    (scenario): Goal => ({
      scenario,
      goal: 'at least 1.5 x the best peer',
      peers: all,
      figure: 'perSecond',
      atLeast: 1.5,
    }),
  ),
  { scenario: thousand, goal: 'at least half of bare net', peers: net, figure: 'perSecond', atLeast: 0.5 },
  { scenario: thousand, goal: 'above every peer', peers: all, figure: 'perSecond', atLeast: 1 },
  ...['CreateVolume among many, 100 workers', 'ListVolumes by pages of 100'].map(
    (what): Goal => ({
      scenario: `CSI host-path plugin, ${what}`,
      goal: 'CPU per call with 100,000 volumes at most 1.5 x that with 100',
      who: '100,000 volumes there',
      peers: ['100 volumes there'],
      figure: 'cpu',
      atMost: 1.5,
    }),
  ),
  {
    scenario: 'import and first call, podinfo, both processes',
    goal: 'at most half of grpc-js',
    peers: ['grpc-js'],
    figure: 'elapsed',
    atMost: 0.5,
  },
  {
    scenario: 'grpc-js client over podwire, unary 64 B, 100 in flight',
    goal: 'at least 5 x grpc-js alone',
    who: 'grpc-js client over podwire',
    peers: ['grpc-js alone'],
    figure: 'perSecond',
    atLeast: 5,
  },
];

const MEMORY_GOAL = 16 * 1_024;

/** The goals with what one run says about each. */
export function goalResults(results: Results): GoalResult[] {
  return [...goals.map((goal) => judge(goal, results)), memory(results)];
}

function judge(goal: Goal, results: Results): GoalResult {
  const { scenario, peers, figure, atLeast, atMost, who = 'podwire' } = goal;
  const ratios = peers.flatMap((peer) => {
    const ratio = results.ratio(scenario, who, peer, figure);
    return ratio === undefined ? [] : [{ peer, ...ratio }];
  });
  if (ratios.length === 0) return { scenario, goal: goal.goal, measured: 'not measured', reached: undefined };
  // The best peer is the one that is hardest to beat.
  const hardest = ratios.reduce((a, b) =>
    (atLeast === undefined ? b.median > a.median : b.median < a.median) ? b : a,
  );
  const absent = peers.filter((peer) => !ratios.some((ratio) => ratio.peer === peer));
  const span = `${formatNumber(hardest.low)}-${formatNumber(hardest.high)}`;
  // On a machine that others use, too, a rate says less than the processor time does.
  const cpu = figure === 'perSecond' ? results.ratio(scenario, hardest.peer, who, 'cpu') : undefined;
  const cpuText = cpu === undefined ? '' : `; which takes ${formatNumber(cpu.median)} x the CPU`;
  const without = absent.length === 0 ? '' : `; without ${absent.join(', ')}`;
  return {
    scenario,
    goal: goal.goal,
    measured: `${formatNumber(hardest.median)} x ${hardest.peer} (${span})${cpuText}${without}`,
    reached: atLeast === undefined ? hardest.median <= (atMost ?? 0) : hardest.median >= atLeast,
  };
}

function memory(results: Results): GoalResult {
  const scenario = 'memory per idle connection, server';
  const goal = 'at most 16 KiB, 10,000 connections';
  const resident = results.figure(scenario, 'podwire', 'residentPerConnection');
  const heap = results.figure(scenario, 'podwire', 'heapPerConnection');
  const connections = results.figure(scenario, 'podwire', 'connections');
  if (!resident || !heap || !connections) return { scenario, goal, measured: 'not measured', reached: undefined };
  const kibibytes = (octets: number): string => `${formatNumber(octets / 1_024)} KiB`;
  const of = connections.median.toLocaleString('en');
  return {
    scenario,
    goal,
    measured: `${kibibytes(resident.median)} resident, ${kibibytes(heap.median)} of heap; ${of} connections`,
    reached: connections.median < 10_000 ? undefined : resident.median <= MEMORY_GOAL,
  };
}

/** In Markdown. */
export function goalTable(goals: readonly GoalResult[]): string {
  const verdict = (reached: boolean | undefined): string => (reached === undefined ? '-' : reached ? 'yes' : '**no**');
  const rows = goals.map(
    ({ scenario, goal, measured, reached }) => `| ${scenario} | ${goal} | ${measured} | ${verdict(reached)} |`,
  );
  return ['| scenario | goal | podwire is | reached |', '|---|---|---|---|', ...rows].join('\n');
}

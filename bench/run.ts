import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { LoadResult } from './load.js';
import { scenarios } from './scenarios/index.js';

const usage = `npm run bench -- [options]

Runs every scenario with every peer in turn, several rounds, each client and server a process of its own on a core of its
own, over a path socket; prints one table of medians and writes all figures as JSON.

  --peer NAME         only this peer (podwire, grpc-js), may be repeated
  --scenario TEXT     only scenarios whose name contains TEXT
  --rounds N          default 5
  --seconds N         length of one measurement, default 3; the warm-up is a third of it
  --json FILE         default bench-result.json

  npm run bench -- --scenario 'unary 64 B' --rounds 3
`;

interface Measurement extends LoadResult {
  readonly maxRss: number;
  /** User and system time of the server for one unit, in microseconds. */
  readonly serverCpuPerUnit: number;
}

const { values } = parseArgs({
  options: {
    peer: { type: 'string', multiple: true, default: ['podwire', 'grpc-js'] },
    scenario: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    json: { type: 'string', default: 'bench-result.json' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit();
}

const folder = mkdtempSync(path.join(tmpdir(), 'podwire-bench-'));
const seconds = Number(values.seconds);
const chosen = scenarios.filter(({ name }) => name.includes(values.scenario));
const results = new Map<string, Measurement[]>();

/** Pins a process to one core where the system can, so that client and server do not take turns on one. */
function start(core: number, program: string, args: string[]): ChildProcess {
  const node = [process.execPath, path.join(import.meta.dirname, program), ...args];
  const [command, ...rest] = cpus().length > 1 ? ['taskset', '-c', String(core), ...node] : node;
  return spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) return line;
  throw new Error('the process ended without a word');
}

/** User and system time of a process so far, in microseconds (proc(5): fields 14 and 15 of stat, in clock ticks). */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / ticksPerSecond;
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

async function measure(peer: string, scenario: (typeof scenarios)[number], round: number): Promise<Measurement> {
  const endpoint = `unix:${path.join(folder, `${peer}-${chosen.indexOf(scenario)}-${round}.sock`)}`;
  const server = start(1, `peers/${peer}/server.js`, [endpoint]);
  try {
    await firstLine(server);
    const args = [peer, endpoint, scenario.name, String(seconds / 3), String(seconds)];
    const before = cpuOf(server.pid as number);
    const client = start(0, 'client-process.js', args);
    const result = JSON.parse(await firstLine(client)) as LoadResult & { maxRss: number };
    // The warm-up is in the server's time: its units are estimated from its length.
    const units = result.units * (4 / 3);
    return { ...result, serverCpuPerUnit: (cpuOf(server.pid as number) - before) / units };
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
}

function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function row(cells: string[]): string {
  const [name, ...rest] = cells;
  return `| ${name.padEnd(32)} | ${rest.map((cell) => cell.padStart(12)).join(' | ')} |`;
}

try {
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const scenario of chosen) {
      for (const peer of values.peer) {
        process.stderr.write(`\rround ${round + 1} of ${values.rounds}: ${scenario.name}, ${peer}`.padEnd(80));
        const key = `${scenario.name}\n${peer}`;
        results.set(key, [...(results.get(key) ?? []), await measure(peer, scenario, round)]);
      }
    }
  }
  process.stderr.write('\r'.padEnd(80));
  console.log(`\nNode ${process.version}, ${cpus()[0]?.model}, medians of ${values.rounds} rounds of ${seconds} s`);
  console.log(row(['scenario', 'peer', 'per second', 'p50 us', 'p99 us', 'client us', 'server us', 'ratio']));
  console.log(row(['---', ...Array.from({ length: 7 }, () => '---:')]));
  for (const scenario of chosen) {
    const rate = (peer: string): number[] =>
      (results.get(`${scenario.name}\n${peer}`) ?? []).map((m) => m.unitsPerSecond);
    const [base] = values.peer;
    for (const peer of values.peer) {
      const all = results.get(`${scenario.name}\n${peer}`) as Measurement[];
      const of = (field: keyof Measurement): string =>
        median(all.map((m) => m[field])).toFixed(field === 'unitsPerSecond' ? 0 : 1);
      // Pairs of the same round, so that a slow minute of the machine counts for both.
      const ratio = median(rate(base).map((ours, round) => ours / rate(peer)[round])).toFixed(2);
      const cells = [of('unitsPerSecond'), of('p50'), of('p99'), of('cpuPerUnit'), of('serverCpuPerUnit'), `${ratio}x`];
      console.log(row([scenario.name, peer, ...cells]));
    }
  }
  writeFileSync(values.json, JSON.stringify(Object.fromEntries(results), undefined, 2));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

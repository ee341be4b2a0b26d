import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Bench, type Cores } from './harness/bench.js';
import { buildPeers } from './harness/build-peers.js';
import { drawCharts } from './harness/charts.js';
import { goalResults, goalTable } from './harness/goals.js';
import { resultTable } from './harness/result-table.js';
import { Results } from './harness/results.js';
import { describeRun, printRun, type RunRecord } from './harness/run-record.js';
import { runScenarios } from './harness/run-scenarios.js';
import { writeDocuments } from './harness/write-documents.js';
import { scenarios } from './scenarios/index.js';

const usage = `npm run bench -- [options]

Runs every scenario with every peer in turn, several rounds, each client and server a process of its own on a core of its
own, over a path socket. Prints one table and which goals are reached; writes all figures as JSON. A whole run with all peers
takes about 45 minutes, and with --rounds 5 about 75; it says how long before it begins.

  --peer NAME         only this peer, may be repeated: podwire, 'bare net', grpc-js, nice-grpc, connect-node, grpc-go,
                      'gRPC C++', tonic, 'grpc-js over podwire'
  --scenario TEXT     only scenarios whose name contains TEXT, may be repeated
  --rounds N          default 3; 5 for narrower intervals
  --seconds N         length of one measurement, default 1.5
  --warm-up N         seconds before it, default 1.2; peers that are machine code take 0.3, and
                      those on node:http2 3.5 times as long, for their rate rises until then
  --cores C,S,A       cores of client, server and attacker; default 0,1,2, or 0,1,0 where there are two
  --quick             2 rounds of 0.5 s, a warm-up of 0.5 s, 2,000 idle connections, 1,000 volumes:
                      shows that all works, not how fast it is
  --json FILE         where all figures go, default bench-result.json
  --from FILE         measures nothing, and takes the figures of an earlier run
  --write-docs        puts table, goals and charts of a whole run into docs/performance.md
  --list              lists the scenarios

  npm run bench -- --scenario 'unary 64 B' --rounds 5
`;

const { values } = parseArgs({
  options: {
    peer: { type: 'string', multiple: true, default: [] },
    scenario: { type: 'string', multiple: true, default: [''] },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    'warm-up': { type: 'string' },
    cores: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string', default: 'bench-result.json' },
    from: { type: 'string' },
    'write-docs': { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** This file is compiled into `.cache/bench/bench`. */
const root = path.join(import.meta.dirname, '../../..');
const chosen = scenarios.filter(({ name }) => values.scenario.some((text) => name.includes(text)));

function number(name: 'rounds' | 'seconds' | 'warm-up', normal: number, quick: number): number {
  const value = Number(values[name] ?? (values.quick ? quick : normal));
  const fits = value > 0 && (name !== 'rounds' || Number.isInteger(value));
  const wanted = name === 'rounds' ? 'a whole number above 0' : 'a number above 0';
  if (!fits) throw new Error(`--${name} has to be ${wanted}, not ${JSON.stringify(values[name])}`);
  return value;
}

/** Client and server do not take turns on one core where there are two. */
function cores(): Cores {
  const count = cpus().length;
  if (values.cores === undefined && count < 2) return { client: undefined, server: undefined, attacker: undefined };
  const [client, server, attacker = client] = (values.cores ?? (count > 2 ? '0,1,2' : '0,1')).split(',');
  return { client, server, attacker };
}

async function measure(): Promise<RunRecord> {
  if (chosen.length === 0) {
    throw new Error(
      `no scenario has ${values.scenario.map((text) => JSON.stringify(text)).join(' or ')} in its name; --list shows them`,
    );
  }
  const partial = values.quick || values.peer.length > 0 || chosen.length < scenarios.length;
  if (values['write-docs'] && partial) {
    throw new Error('docs/performance.md shows a whole run: leave out --quick, --peer and --scenario, or use --from');
  }
  const rounds = number('rounds', 3, 2);
  const warmUp = number('warm-up', 1.2, 0.5);
  const seconds = number('seconds', 1.5, 0.5);
  const peers = await buildPeers(root, values.peer);
  const folder = mkdtempSync(path.join(tmpdir(), 'podwire-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const results = new Results();
  const idleConnections = values.quick ? 2_000 : 10_000;
  const volumes = values.quick ? [100, 1_000] : [100, 1_000, 10_000, 100_000];
  const bench = new Bench({ root, folder, warmUp, seconds, idleConnections, volumes, cores: cores() });
  await runScenarios(chosen, peers.built, rounds, bench, results);
  return { ...describeRun(peers, { rounds, warmUp, seconds }), outcomes: results.outcomes() };
}

// So that what is to be done at the exit is done.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

if (values.help) {
  console.log(usage);
} else if (values.list) {
  for (const { name } of chosen) console.log(name);
} else {
  const run =
    values.from === undefined ? await measure() : (JSON.parse(readFileSync(values.from, 'utf8')) as RunRecord);
  const results = Results.from(run.outcomes);
  const goals = goalResults(results);
  const table = resultTable(chosen, results);
  const about = printRun(run);
  console.log(`${about}\n\n${table}\n\n${goalTable(goals)}`);
  if (values.from === undefined) {
    writeFileSync(values.json, `${JSON.stringify({ ...run, medians: results.medians(), goals }, undefined, 2)}\n`);
  }
  if (values['write-docs']) {
    const charts = drawCharts(chosen, results);
    const pictures = [...charts.keys()]
      .map((file) => `![${file.replace('.svg', '')}](performance/${file})`)
      .join('\n\n');
    writeDocuments(
      root,
      [about.replaceAll('\n', '  \n'), pictures, '### Goals', goalTable(goals), '### Everything', table].join('\n\n'),
      charts,
    );
  }
  // A peer that fails is a hole in the table, which who runs this in a script wants to know.
  if (results.failed) process.exitCode = 1;
}

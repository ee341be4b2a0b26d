import type { Bench } from './bench.js';
import type { BuiltPeer } from './peer.js';
import type { Results } from './results.js';
import type { Contender, Scenario } from './scenario.js';

interface Step {
  readonly scenario: Scenario;
  readonly contender: Contender;
  readonly seconds: number;
}

/** All measurements of one round, in order, and about how long each takes. */
function stepsOf(scenarios: readonly Scenario[], peers: ReadonlyMap<string, BuiltPeer>, bench: Bench): Step[][] {
  return scenarios.map((scenario) =>
    scenario.contenders(peers, bench.options).map((contender) => {
      const { warmUp, seconds } = bench.timesOf(contender.warmUp, scenario.share);
      return { scenario, contender, seconds: scenario.overhead + (scenario.untimed ? 0 : warmUp + seconds) };
    }),
  );
}

/** Measures everything in every round; a contender that fails is noted and the run goes on. Says on standard error where it is. */
export async function runScenarios(
  scenarios: readonly Scenario[],
  peers: ReadonlyMap<string, BuiltPeer>,
  rounds: number,
  bench: Bench,
  results: Results,
): Promise<void> {
  const steps = stepsOf(scenarios, peers, bench);
  const planned = Array.from({ length: rounds }, (_, round) => steps.flatMap((all) => inRound(all, round)));
  const total = sum(planned.flat());
  process.stderr.write(`${planned.flat().length} measurements, about ${minutes(total)}\n`);
  let done = 0;
  for (const [round, all] of planned.entries()) {
    for (const { scenario, contender, seconds } of all) {
      const left = minutes(total - done);
      process.stderr.write(`round ${round + 1} of ${rounds}, ${left} left: ${scenario.name}: ${contender.name}\n`);
      try {
        results.add(scenario.name, contender.name, await contender.measure(bench));
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error);
        process.stderr.write(`  failed: ${said}\n`);
        results.add(scenario.name, contender.name, { error: said });
      }
      done += seconds;
    }
  }
}

/** Each round begins with another contender, so that nobody always follows the same neighbour. */
function inRound(steps: readonly Step[], round: number): Step[] {
  if (steps.length === 0 || round >= (steps[0].scenario.rounds ?? round + 1)) return [];
  const first = round % steps.length;
  return [...steps.slice(first), ...steps.slice(0, first)];
}

function sum(steps: readonly Step[]): number {
  return steps.reduce((seconds, step) => seconds + step.seconds, 0);
}

function minutes(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}

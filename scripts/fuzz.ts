/**
 * Tries what peers might say on everything that listens to them (`test/fuzz/targets`), each input another one:
 *
 *     npm run fuzz -- --minutes 10
 *     npm run fuzz -- --target connection-server --seed 4711 --inputs 1
 *
 * Input number i of a target is made of the seed plus i, so that a failure is repeated by its own seed. Exit status 1 when
 * there was one.
 */
import { parseArgs } from 'node:util';
import { createContext, Script } from 'node:vm';
import { Random } from '../test/fuzz/random.js';
import { targets } from '../test/fuzz/targets/index.js';

/** One target's turn, in milliseconds. */
const TURN = 100;
/** No turn takes so long, in milliseconds, unless something goes on without an end. */
const PATIENCE = 30_000;
/** Between two lines of progress, in milliseconds. */
const PROGRESS = 5_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    inputs: { type: 'string', default: 'Infinity' },
    seed: { type: 'string' },
    target: { type: 'string' },
  },
});
const [minutes, inputs] = [Number(values.minutes), Number(values.inputs)];
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target);
if (!(minutes > 0 && inputs > 0 && Number.isInteger(seed)) || chosen.length === 0) {
  const names = targets.map(({ name }) => name).join(', ');
  console.error(`usage: npm run fuzz -- [--minutes N] [--inputs N] [--seed N] [--target NAME]; targets: ${names}`);
  process.exit(2);
}

const tried = new Map(chosen.map(({ name }) => [name, 0]));
const failed = new Set<string>();
let current = seed;

/** Runs `batch` in a context of its own, since only that can be stopped when it does not end. */
let batch = (): void => {};
const script = new Script('batch()');
const context = createContext({ batch: () => batch() });

function summary(): string {
  return [...tried].map(([name, count]) => `${name} ${count}${failed.has(name) ? ' FAILED' : ''}`).join(', ');
}

console.error(`seed ${seed}`);
const end = performance.now() + minutes * 60_000;
let nextProgress = performance.now() + PROGRESS;
while (performance.now() < end) {
  const open = chosen.filter(({ name }) => !failed.has(name) && (tried.get(name) as number) < inputs);
  if (open.length === 0) break;
  for (const { name, run } of open) {
    let count = tried.get(name) as number;
    const until = performance.now() + TURN;
    batch = () => {
      for (; count < inputs && performance.now() < until; count++) {
        current = seed + count;
        run(new Random(current));
      }
    };
    try {
      script.runInContext(context, { timeout: PATIENCE });
    } catch (error) {
      failed.add(name);
      console.error(`\n${name} fails; repeat it with: npm run fuzz -- --target ${name} --seed ${current} --inputs 1`);
      console.error(error);
    }
    tried.set(name, count);
  }
  if (performance.now() < nextProgress) continue;
  nextProgress += PROGRESS;
  console.error(`${Math.max(0, Math.round((end - performance.now()) / 1000))} s left: ${summary()}`);
}
console.log(`seed ${seed}: ${summary()}`);
process.exitCode = failed.size === 0 ? 0 : 1;

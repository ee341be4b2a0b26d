import { expect, it } from 'vitest';
import { Random } from '../../fuzz/random.js';
import type { ControllerCommand } from './controller-process.js';
import { FaultWorld } from './fault-world.js';
import { KilledProcess } from './killed-process.js';
import { type RunningProcess, SpareProcess } from './spare-process.js';

/** PODWIRE_FAULTS=full for the full size, which takes minutes. */
const full = process.env.PODWIRE_FAULTS === 'full';
const seed = Number(process.env.PODWIRE_FAULTS_SEED ?? 20_261_128);
const least = full ? { operations: 1_000, kills: 100 } : { operations: 40, kills: 3 };

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Tells a controller what to do, again whenever it was killed before it has answered. */
class Commands {
  readonly #controller: KilledProcess;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  #next = 0;
  #started: (() => void) | undefined;

  constructor(controller: (commands: Commands) => KilledProcess) {
    this.#controller = controller(this);
  }

  get controller(): KilledProcess {
    return this.#controller;
  }

  attach(running: RunningProcess): void {
    running.child.on('message', (answer: Answer) => this.#answers.get(answer.id)?.(answer));
    this.#started?.();
  }

  async send(command: ControllerCommand): Promise<unknown> {
    for (;;) {
      const running = this.#controller.running;
      const started = new Promise<void>((resolve) => {
        this.#started = resolve;
      });
      if (running === undefined) {
        await started;
        continue;
      }
      const id = this.#next++;
      const answered = new Promise<Answer>((resolve) => {
        this.#answers.set(id, resolve);
      });
      // One that was just killed takes no message.
      running.child.send({ id, command }, () => {});
      const answer = await Promise.race([answered, running.ended]);
      this.#answers.delete(id);
      if (answer === undefined) continue;
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer.value;
    }
  }
}

it('plugin and controller, killed at random points, end where they should', {
  timeout: full ? 900_000 : 300_000,
}, async () => {
  console.log(`seed ${seed}: PODWIRE_FAULTS_SEED=${seed} does the same again`);
  const random = new Random(seed);
  const world = new FaultWorld(random);
  const began = performance.now();
  await using pluginSpare = await SpareProcess.of('plugin-process.ts');
  await using controllerSpare = await SpareProcess.of('controller-process.ts');
  const { endpoint, pluginFolder, mounts, controllerFolder: stateFolder } = world;
  await using plugin = new KilledProcess(
    pluginSpare,
    { endpoint, stateFolder: pluginFolder, mounts },
    random,
    () => {},
  );
  const backoff = { firstMs: 20, longestMs: 500 };
  const options = { endpoint, stateFolder, backoff, callTimeoutMs: 20_000, connect: { probeIntervalMs: 50 } };
  const commands = new Commands(
    (self) => new KilledProcess(controllerSpare, options, random, (running) => self.attach(running)),
  );
  await using controller = commands.controller;
  let rounds = 0;
  const counts = () =>
    `${rounds} rounds, ${controller.succeeded} operations; plugin killed ${plugin.kills} times, ${plugin.killsInTheMiddle} in the middle of one; controller killed ${controller.kills} times, ${controller.killsInTheMiddle} in the middle of one`;
  try {
    await Promise.all([plugin.start(), controller.start()]);
    /** A volume is made once: whatever is killed, a name has one id as long as it is desired. */
    const known = new Map<string, string>();
    const enough = () =>
      controller.succeeded >= least.operations &&
      plugin.killsInTheMiddle >= least.kills &&
      controller.killsInTheMiddle >= least.kills;
    while (!enough()) {
      rounds++;
      plugin.span = plugin.killsInTheMiddle < least.kills ? [2, 8] : undefined;
      controller.span = controller.killsInTheMiddle < least.kills ? [3, 12] : undefined;
      for (let change = random.between(4, 10); change > 0; change--) {
        const command = world.change();
        if ('deleteVolume' in command) known.delete(command.deleteVolume);
        await commands.send(command);
      }
      await commands.send({ settled: true });
      plugin.span = undefined;
      controller.span = undefined;
      await commands.send({ settled: true });
      const ids = new Map((await commands.send({ volumeIds: true })) as [string, string][]);
      await world.expectActual(ids);
      for (const [name, id] of ids) {
        expect(known.get(name) ?? id, `${name} was made twice`).toBe(id);
        known.set(name, id);
      }
    }
    for (const command of world.clear()) await commands.send(command);
    await commands.send({ settled: true });
    await world.expectActual(new Map());
    world.expectEmpty();
  } finally {
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    console.log(`${counts()}; ${seconds} s, volumes shown by ${mounts}`);
    await controller.end();
    await plugin.end();
    world.remove();
  }
});

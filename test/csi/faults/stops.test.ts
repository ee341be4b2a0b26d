import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Controller, type ControllerEvent, createController } from '../../../src/csi/index.js';
import { Random } from '../../fuzz/random.js';
import { FaultWorld } from './fault-world.js';
import { type RunningProcess, SpareProcess } from './spare-process.js';

const full = process.env.PODWIRE_FAULTS === 'full';
const seed = Number(process.env.PODWIRE_FAULTS_SEED ?? 20_261_128);
const rounds = full ? 20 : 2;

let spare: SpareProcess;
let world: FaultWorld;
let plugin: RunningProcess;
let controller: Controller;
const random = new Random(seed);
const events: ControllerEvent[] = [];

const startPlugin = () =>
  spare.start({ endpoint: world.endpoint, stateFolder: world.pluginFolder, mounts: world.mounts });

async function change(): Promise<void> {
  const next = world.change();
  if ('setVolume' in next) await controller.volumes.set(next.setVolume, next.spec);
  else if ('setSnapshot' in next) await controller.snapshots.set(next.setSnapshot, next.spec);
  else if ('deleteVolume' in next) await controller.volumes.delete(next.deleteVolume);
  else await controller.snapshots.delete(next.deleteSnapshot);
}

/** Changes what is desired, with the fault in between, and looks whether it came true. */
async function round(fault: () => Promise<void>): Promise<void> {
  for (let index = 0; index < 4; index++) await change();
  await sleep(random.between(0, 20));
  await fault();
  for (let index = 0; index < 4; index++) await change();
  await controller.settled({ signal: AbortSignal.timeout(60_000) }).catch((error: Error) => {
    const last = events.slice(-20).map((event) => inspect(event, { breakLength: Number.POSITIVE_INFINITY }));
    throw new Error(`${error.message}\n${last.join('\n')}`, { cause: error });
  });
  const ids = controller.volumes.list().map(({ name, volumeId }) => [name, volumeId!] as const);
  await world.expectActual(new Map(ids));
}

const happened = (type: ControllerEvent['type']) => events.filter((event) => event.type === type).length;

beforeAll(async () => {
  console.log(`seed ${seed}: PODWIRE_FAULTS_SEED=${seed} does the same again`);
  world = new FaultWorld(random);
  spare = await SpareProcess.of('plugin-process.ts');
  plugin = await startPlugin();
  controller = await createController({
    endpoint: world.endpoint,
    stateFolder: join(world.controllerFolder),
    backoff: { firstMs: 20, longestMs: 500 },
    callTimeoutMs: 500,
    connect: { probeIntervalMs: 50 },
  });
  void (async () => {
    for await (const event of controller.events()) events.push(event);
  })();
}, 60_000);

afterAll(async () => {
  await controller.close();
  plugin.child.kill('SIGKILL');
  await plugin.ended;
  await spare[Symbol.asyncDispose]();
  world.remove();
}, 60_000);

describe('a controller goes on', { timeout: full ? 600_000 : 120_000 }, () => {
  it('when the socket is removed and made again', async () => {
    for (let index = 0; index < rounds; index++) {
      await round(async () => {
        // The plugin notices, and listens there again. Open connections are not touched.
        rmSync(new URL(world.endpoint.replace('unix:', 'file:')));
      });
    }
  });

  it('when another process takes the socket, after the file was removed under the last one', async () => {
    const before = happened('pluginLost');
    for (let index = 0; index < rounds; index++) {
      await round(async () => {
        plugin.child.kill('SIGKILL');
        await plugin.ended;
        rmSync(new URL(world.endpoint.replace('unix:', 'file:')), { force: true });
        plugin = await startPlugin();
      });
    }
    expect(happened('pluginLost') - before).toBe(rounds);
  });

  it('when the plugin hangs longer than a call may take', async () => {
    const before = happened('operationFailed');
    for (let index = 0; index < rounds; index++) {
      await round(async () => {
        plugin.child.kill('SIGSTOP');
        await change();
        await sleep(700);
        plugin.child.kill('SIGCONT');
      });
    }
    expect(happened('operationFailed')).toBeGreaterThan(before);
  });

  it('and leaves nothing', async () => {
    for (const { name } of controller.volumes.list()) await controller.volumes.delete(name);
    for (const { name } of controller.snapshots.list()) await controller.snapshots.delete(name);
    await controller.settled({ signal: AbortSignal.timeout(60_000) });
    world.expectEmpty();
    const operations = happened('operationSucceeded');
    console.log(
      `${operations} operations in 3 times ${rounds} rounds; ${happened('operationFailed')} failed and were repeated`,
    );
  });
});

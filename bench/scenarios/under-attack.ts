import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Attack } from '../harness/attack.js';
import type { Contender, Scenario } from '../harness/scenario.js';

const attacker = path.join(import.meta.dirname, '../node/attacker.js');
const folder = path.join(import.meta.dirname, '../../test/attacks');

/** Modules of `test/attacks/` that export an `attack`. */
async function attacks(): Promise<{ name: string; file: string }[]> {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => /^[a-z0-9-]+\.js$/.test(file)) : [];
  const found = files.sort().map(async (file) => {
    const { attack } = (await import(path.join(folder, file))) as { attack?: Attack };
    return attack === undefined ? [] : [{ name: attack.name, file: path.join(folder, file) }];
  });
  return (await Promise.all(found)).flat();
}

const known = await attacks();

/** Of the usual time: there are fifty of them. */
const SHARE = 0.5;

/**
 * What another client notices while somebody misuses the server. On two cores the attacker has the client's, so that the
 * server has its own for itself; then a part of the latency is that client and attacker take turns.
 */
export const underAttack: Scenario = {
  name: 'podwire under attack, unary 64 B of another client, 1 in flight',
  unit: 'calls',
  figure: 'p99',
  overhead: 1.5,
  rounds: 2,
  share: SHARE,
  contenders(peers) {
    const { server, client } = peers.get('podwire') ?? {};
    if (server === undefined || client === undefined) return [];
    const situations = [{ name: 'no attack', file: '' }, ...known];
    return situations.map(({ name, file }): Contender => {
      const attacking = file === '' ? undefined : [process.execPath, attacker, `--attack=${file}`];
      const programs = { name, server, client, attacker: attacking };
      return {
        name,
        measure: (bench) => bench.load(programs, { call: 'unary', bytes: 64, inFlight: 1, share: SHARE }),
      };
    });
  },
};

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { peers } from '../peers/index.js';
import type { BuiltPeer } from './peer.js';

export interface BuiltPeers {
  readonly built: ReadonlyMap<string, BuiltPeer>;
  /** Why the others are not there, by name. */
  readonly missing: ReadonlyMap<string, string>;
}

/** @param names which ones; all if there are none. */
export async function buildPeers(root: string, names: readonly string[]): Promise<BuiltPeers> {
  const known = peers.map(({ peer }) => peer.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`there is no peer ${unknown.join(', ')}; there are ${known.join(', ')}`);
  const built = new Map<string, BuiltPeer>();
  const missing = new Map<string, string>();
  for (const { folder, peer } of peers) {
    if (names.length > 0 && !names.includes(peer.name)) continue;
    const output = path.join(root, '.cache/bench/peers', folder);
    mkdirSync(output, { recursive: true });
    process.stderr.write(`building ${peer.name} ...\n`);
    try {
      const result = await peer.build({ root, output, source: path.join(root, 'bench/peers', folder) });
      if ('missing' in result) missing.set(peer.name, result.missing);
      else built.set(peer.name, result);
    } catch (error) {
      // The others can still be measured; the table says which one is not there.
      const said = error instanceof Error ? error.message : String(error);
      process.stderr.write(`${peer.name} cannot be built: ${said}\n`);
      missing.set(peer.name, 'the build failed');
    }
  }
  return { built, missing };
}

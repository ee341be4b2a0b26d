import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What one peer said on some connections, up to the end of a frame; `record-traffic.ts` records it. */
export interface Traffic {
  readonly peer: string;
  readonly from: 'client' | 'server';
  /** The octets of each, in base64. */
  readonly connections: readonly string[];
}

const folder = join(import.meta.dirname, 'traffic');

/** The recorded connections of all peers, in one direction. */
export function trafficOf(from: Traffic['from']): readonly Buffer[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Traffic)
    .filter((traffic) => traffic.from === from)
    .flatMap(({ connections }) => connections.map((octets) => Buffer.from(octets, 'base64')));
}

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CaseResult } from './peer-process.js';

export interface PairResults {
  client: string;
  server: string;
  /** `path`, `abstract`, or what a relay joins. */
  kind: string;
  results: readonly CaseResult[];
  /** Cases that failed in the way in which they are known to. */
  known?: readonly string[];
  /** What is to be said beside the result of a column. */
  notes?: Readonly<Record<string, string>>;
  /** Why there are no results. */
  impossible?: string;
}

const folder = fileURLToPath(new URL('.cache/results', import.meta.url));

/** Keeps what a pair did in the last run. */
export async function saveResults(pair: PairResults): Promise<void> {
  await mkdir(folder, { recursive: true });
  const name = `${pair.client}-calls-${pair.server}-${pair.kind.replaceAll(' ', '-')}.json`;
  await writeFile(join(folder, name), JSON.stringify(pair, null, 2));
}

/** The results of all pairs that ran, by file name. */
export async function loadResults(): Promise<PairResults[]> {
  const names = await readdir(folder);
  return Promise.all(names.sort().map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8'))));
}

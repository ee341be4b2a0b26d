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

/** What is no pair of gRPC peers: the names of the columns, and cells by row and column. */
export interface ResultTable {
  columns: readonly string[];
  rows: Record<string, Record<string, string>>;
}

const folder = fileURLToPath(new URL('.cache/results', import.meta.url));
const tables = fileURLToPath(new URL('.cache/tables', import.meta.url));

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

export async function saveTable(name: string, table: ResultTable): Promise<void> {
  await mkdir(tables, { recursive: true });
  await writeFile(join(tables, `${name}.json`), JSON.stringify(table, null, 2));
}

export async function loadTable(name: string): Promise<ResultTable> {
  return JSON.parse(await readFile(join(tables, `${name}.json`), 'utf8'));
}

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const BEGIN = '<!-- measured: begin -->';
const END = '<!-- measured: end -->';

/** Puts the charts beside docs/performance.md and what was measured between its two markers; the rest is written by hand. */
export function writeDocuments(root: string, measured: string, charts: ReadonlyMap<string, string>): void {
  const folder = path.join(root, 'docs/performance');
  mkdirSync(folder, { recursive: true });
  for (const [file, svg] of charts) writeFileSync(path.join(folder, file), svg);
  const page = path.join(root, 'docs/performance.md');
  const text = readFileSync(page, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${page} lacks the lines ${BEGIN} and ${END}`);
  writeFileSync(page, `${text.slice(0, begin)}${BEGIN}\n\n${measured}\n\n${text.slice(end)}`);
}

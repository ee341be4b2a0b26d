/** Prints the last run as a Markdown table: `npx tsx test/interop/print-results.ts`. */
import { cases } from './peers/typescript/cases.js';
import { loadResults } from './results.js';

const pairs = await loadResults();
const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

console.log(row(['case', ...pairs.map(({ client, server, kind }) => `${client} calls ${server}, ${kind}`)]));
console.log(row(['---', ...pairs.map(() => '---')]));
for (const name of Object.keys(cases)) {
  const outcomes = pairs.map(({ results }) => {
    const result = results.find((one) => one.case === name);
    return result === undefined ? 'no result' : result.ok ? 'ok' : '**failed**';
  });
  console.log(row([name, ...outcomes]));
}

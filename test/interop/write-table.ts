/**
 * Writes what the last run of the interop tests gave into docs/interop.md, and prints it.
 *
 *     npx tsx test/interop/write-table.ts [--check]
 *
 * With `--check` the page stays as it is, and the exit status is 1 when it does not say what the run gave.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { interopTable } from './interop-table.js';
import { peerVersions } from './peer-versions.js';
import { loadResults, loadTable } from './results.js';

const page = path.resolve(import.meta.dirname, '../../docs/interop.md');
/** What is above it is written by hand. */
const mark = '<!-- Below: test/interop/write-table.ts, from the last run of `npm run test:interop`. -->\n';

const text = await readFile(page, 'utf8');
const [prose] = text.split(mark);
const table = interopTable({
  pairs: await loadResults(),
  authorities: await loadTable('authorities'),
  sockets: await loadTable('sockets'),
  sidecars: await loadTable('sidecars'),
  versions: await peerVersions(),
});
const wanted = `${prose}${mark}\n${table}`;
console.log(table);
if (!process.argv.includes('--check')) {
  await writeFile(page, wanted);
} else if (text !== wanted) {
  console.error('docs/interop.md does not say this: run npm run test:interop and commit the page');
  process.exitCode = 1;
}

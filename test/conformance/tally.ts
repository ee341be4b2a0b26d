import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PagePart } from './page-part.js';

const page = path.resolve(import.meta.dirname, '../../docs/conformance.md');
const cache = path.join(import.meta.dirname, '.cache');

/** Counts cases, and ends a command that runs public suites. */
export class Tally {
  readonly #failures: string[] = [];
  #passed = 0;

  count(name: string, ok: boolean, error = ''): void {
    if (ok) this.#passed++;
    else this.#failures.push(`${name}: ${error}`);
  }

  /**
   * Writes `text` as the command's part of docs/conformance.md, or with `--check` counts whether it is there already, which
   * is a case too. Prints what failed and the sums, and leaves them in `.cache/tally.COMMAND.json`.
   */
  async finish(command: string, text: string): Promise<void> {
    console.log(`\n${text}`);
    const committed = await readFile(page, 'utf8');
    const part = new PagePart(committed, `npm run ${command}`);
    if (process.argv.includes('--check')) {
      const problem = `is not what came out; run \`npm run ${command}\` and commit it`;
      this.count('docs/conformance.md', part.text === text, problem);
    } else {
      await writeFile(page, part.replaced(text));
    }
    for (const failure of this.#failures) console.error(`FAILED ${failure}`);
    const [passed, failed] = [this.#passed, this.#failures.length];
    console.log(`${passed} passed, ${failed} failed`);
    await mkdir(cache, { recursive: true });
    await writeFile(path.join(cache, `tally.${command.replace(':', '-')}.json`), JSON.stringify({ passed, failed }));
    process.exitCode = failed === 0 ? 0 : 1;
  }
}

/**
 * Fails, with a list, when gen/ is not what proto/ generates, or when proto/ breaks buf's lint or format rules.
 * gen/ itself is left alone.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bufProgram = createRequire(import.meta.url).resolve('@bufbuild/buf/bin/buf');
const failures: string[] = [];

/** Runs buf at the root; what it prints becomes a failure under `title`. */
function buf(title: string, ...args: string[]): boolean {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bufProgram, ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status === 0) return true;
  failures.push(`${title}\n${`${stdout}${stderr}`.trimEnd().replace(/^/gm, '    ')}`);
  return false;
}

/** Paths of all files under `folder`, relative to it. */
function listFiles(folder: string): Set<string> {
  if (!existsSync(folder)) return new Set();
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  return new Set(paths.filter((path) => statSync(path).isFile()).map((path) => relative(folder, path)));
}

function compareWithGenerated(committed: string, generated: string): string[] {
  const present = listFiles(committed);
  const wanted = listFiles(generated);
  return [...new Set([...present, ...wanted])].sort().flatMap((path) => {
    if (!wanted.has(path)) return [`gen/${path} has no source in proto/`];
    if (!present.has(path)) return [`gen/${path} is missing`];
    return readFileSync(join(committed, path)).equals(readFileSync(join(generated, path)))
      ? []
      : [`gen/${path} differs`];
  });
}

buf('proto/ breaks lint rules:', 'lint');
buf('proto/ is not formatted (buf format -w mends it):', 'format', '--diff', '--exit-code');

const folder = mkdtempSync(join(tmpdir(), 'podwire-generated-'));
try {
  if (buf('proto/ cannot be generated:', 'generate', '--output', folder)) {
    const found = compareWithGenerated(join(root, 'gen'), join(folder, 'gen'));
    if (found.length > 0) {
      failures.push(`gen/ is not what proto/ generates (npm run generate mends it):\n    ${found.join('\n    ')}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

for (const failure of failures) console.error(failure);
if (failures.length > 0) process.exitCode = 1;
else console.log('gen/ is what proto/ generates');

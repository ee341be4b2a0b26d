import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const repository = path.resolve(import.meta.dirname, '../..');
const page = readFileSync(path.join(repository, 'docs/csi.md'), 'utf8');
const folder = mkdtempSync(path.join(tmpdir(), 'podwire-docs-csi-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The programs of the page: the first line names the file. */
const programs = new Map(
  [...page.matchAll(/^```ts\n(\/\/ (\S+)\n[\s\S]*?)^```$/gm)].map(([, text, file]) => [file!, text!]),
);
/** What a reader types, and what it prints. */
const commands = [...page.matchAll(/^```\n(\$ [\s\S]*?)^```$/gm)]
  .flatMap(([, session = '']) => session.split(/^(?=\$ )/m))
  .map((typed) => {
    const [, command = '', printed = ''] = /^\$ (.*)\n([\s\S]*)$/.exec(typed) ?? [];
    return { command, printed };
  });
const isNpm = ({ command }: { readonly command: string }) => command.startsWith('npm ');

describe('the walk', () => {
  beforeAll(() => {
    const paths = {
      podwire: [`${repository}/src/index.ts`],
      'podwire/csi': [`${repository}/src/csi/index.ts`],
      'podwire/gen/*.js': [`${repository}/gen/*.ts`],
    };
    const compilerOptions = { module: 'nodenext', target: 'es2022', strict: true, types: ['node'], paths };
    const options = { ...compilerOptions, noEmit: true, rootDir: '/', skipLibCheck: true };
    for (const [file, text] of programs) writeFileSync(path.join(folder, file), text);
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(
      path.join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: [...programs.keys()] }),
    );
    symlinkSync(path.join(repository, 'node_modules'), path.join(folder, 'node_modules'));
    // `npx tsx` and `npx podwire` as they are in this repository.
    mkdirSync(path.join(folder, 'bin'));
    const npx = `#!/bin/sh
      tool=$1; shift
      case $tool in
        tsx) exec "${process.execPath}" --import tsx "$@" ;;
        podwire) exec "${process.execPath}" --import tsx "${repository}/src/cli/main.ts" "$@" ;;
      esac
      echo "no $tool here" >&2; exit 127\n`;
    writeFileSync(path.join(folder, 'bin/npx'), npx);
    chmodSync(path.join(folder, 'bin/npx'), 0o755);
  });

  it('takes less than 60 lines of code', () => {
    const lines = programs.get('driver.ts')!.split('\n');
    const code = lines.filter((line) => !/^\s*(\/\/.*|\/\*\*.*\*\/)?$/.test(line));
    expect(code.length).toBeLessThan(60);
    expect(lines.filter((line) => line.length > 120)).toEqual([]);
  });

  it('installs what there is, and all that its programs import', () => {
    const { peerDependencies, devDependencies } = JSON.parse(
      readFileSync(path.join(repository, 'package.json'), 'utf8'),
    ) as Record<string, Record<string, string>>;
    const installed = commands
      .filter(isNpm)
      .flatMap(({ command }) => /^npm install (?:--save-dev )?(.*)$/.exec(command)?.[1]?.split(' ') ?? []);
    const known = ['podwire', ...Object.keys({ ...peerDependencies, ...devDependencies })];
    expect(known).toEqual(expect.arrayContaining(installed));
    for (const text of programs.values()) {
      const imported = [...text.matchAll(/from '([^.'][^']*)'/g)].map(([, name]) => name!);
      const packages = imported.filter((name) => !name.startsWith('node:')).map((name) => name.split('/')[0]);
      expect(installed).toEqual(expect.arrayContaining(packages));
    }
  });

  it('compiles', () => run('node_modules/.bin/tsc', ['-p', '.'], { cwd: folder }), 300_000);

  it('prints what is shown', { timeout: 180_000 }, async () => {
    const port = await freePort();
    const own = (text: string): string => text.replaceAll('9808', String(port));
    for (const [file, text] of programs) writeFileSync(path.join(folder, file), own(text));
    const typed = commands.filter((command) => !isNpm(command));
    const mark = '--- next command ---';
    // One shell for all, with jobs. Its driver does not outlive it.
    const script = ['set -m', 'trap "kill -9 %1 2>/dev/null" EXIT', 'exec 2>&1']
      .concat(typed.flatMap(({ command }) => [own(command), `echo "${mark}"`]))
      .join('\n');
    const PATH = [path.join(folder, 'bin'), process.env.PATH].join(path.delimiter);
    const env = { ...process.env, PATH, LC_ALL: 'C' };
    const { stdout } = await run('bash', ['-c', script], { cwd: folder, env, maxBuffer: 1 << 24 });
    const printed = stdout.split(`${mark}\n`).slice(0, -1);
    const plain = (text: string): string => own(text).replace(/"durationMs":[\d.]+/g, '"durationMs":1');
    expect(typed.map(({ command }, index) => ({ command, printed: plain(printed[index] ?? '') }))).toEqual(
      typed.map(({ command, printed }) => ({ command, printed: plain(printed) })),
    );
  });
});

it('has links that lead somewhere', () => {
  const anchors = (file: string): string[] =>
    [...readFileSync(path.join(repository, 'docs', file), 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
  for (const file of ['csi.md', 'csi-reference.md']) {
    const text = readFileSync(path.join(repository, 'docs', file), 'utf8');
    for (const [, target = '', anchor] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)) {
      if (target !== '') expect(() => readFileSync(path.join(repository, 'docs', target))).not.toThrow();
      if (anchor !== undefined)
        expect([target, anchors(target || file)]).toEqual([target, expect.arrayContaining([anchor])]);
    }
  }
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

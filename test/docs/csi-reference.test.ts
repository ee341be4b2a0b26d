import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as csiErrors from '../../src/csi/csi-error.js';
import * as csi from '../../src/csi/index.js';
import { parseDesiredFile } from '../../src/csi/reconcile/parse-desired-file.js';
import { codeName } from '../../src/index.js';

const run = promisify(execFile);
const repository = path.resolve(import.meta.dirname, '../..');
const page = readFileSync(path.join(repository, 'docs/csi-reference.md'), 'utf8');
const folder = mkdtempSync(path.join(tmpdir(), 'podwire-docs-csi-reference-'));
afterAll(() => rmSync(folder, { recursive: true }));

function program(file: string): string {
  const [, found] = page.match(new RegExp(`^\`\`\`ts\\n(// ${file}\\n[\\s\\S]*?)^\`\`\`$`, 'm')) ?? [];
  return found ?? expect.fail(`the page has no ${file}`);
}

/** Names and ids differ from run to run. */
function withoutChance(text: string): string {
  return text.replace(/conformance-[0-9a-f]{12}/g, 'conformance-#').replace(/[0-9a-f]{64}/g, '#');
}

describe('the plugin of the page', () => {
  const files = ['plugin.ts', 'call.ts', 'connect.ts', 'lead.ts', 'hostpath.ts', 'conformance.ts'];
  const [, connected] = page.match(/^\$ npx tsx connect\.ts\n([\s\S]*?)^```$/m) ?? [];
  const [, led] = page.match(/^\$ npx tsx lead\.ts\n([\s\S]*?)^```$/m) ?? [];
  const [, listens, called] = page.match(/^\$ npx tsx plugin\.ts &\n(.*\n)\$ npx tsx call\.ts\n([\s\S]*?)^```$/m) ?? [];

  const [, checks, checked] =
    page.match(/^\$ npx podwire (csi conformance .*)\n([\s\S]*?)^```$/m) ?? expect.fail('the page checks nothing');
  const [, counted] = page.match(/^\$ npx tsx conformance\.ts\n([\s\S]*?)^```$/m) ?? [];

  beforeAll(() => {
    const paths = {
      podwire: [`${repository}/src/index.ts`],
      'podwire/csi': [`${repository}/src/csi/index.ts`],
      'podwire/csi/hostpath': [`${repository}/src/csi/hostpath/index.ts`],
      'podwire/csi/conformance': [`${repository}/src/csi/conformance/index.ts`],
      'podwire/gen/*.js': [`${repository}/gen/*.ts`],
    };
    const compilerOptions = { ...{ module: 'nodenext', target: 'es2022', strict: true, types: ['node'] }, paths };
    const options = { ...compilerOptions, noEmit: true, rootDir: '/', skipLibCheck: true };
    for (const file of files) writeFileSync(path.join(folder, file), program(file));
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files }));
    symlinkSync(path.join(repository, 'node_modules'), path.join(folder, 'node_modules'));
  });

  it('compiles', () => run('node_modules/.bin/tsc', ['-p', '.'], { cwd: folder }), 300_000);

  it('answers as is shown, and leaves nothing but its volumes', async () => {
    const options = { cwd: folder, env: { ...process.env, CSI_ENDPOINT: 'unix:./csi.sock' } };
    const plugin = spawn(process.execPath, ['--import', 'tsx', 'plugin.ts'], options);
    const printed = text(plugin.stdout);
    const errors = text(plugin.stderr);
    try {
      const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', 'call.ts'], options);
      expect(stderr + stdout).toBe(called);
      const second = await run(process.execPath, ['--import', 'tsx', 'connect.ts'], options);
      expect(second.stderr + second.stdout).toBe(connected);
      const command = path.join(repository, 'src/cli/main.ts');
      const args = checks!.split(' ').map((arg) => arg.replaceAll("'", ''));
      // A check fails, so does the command.
      const third = await run(process.execPath, ['--import', 'tsx', command, ...args], options).catch((error) => error);
      expect(third.code).toBe(1);
      expect(withoutChance(third.stderr + third.stdout)).toBe(withoutChance(checked!));
      const fourth = await run(process.execPath, ['--import', 'tsx', 'conformance.ts'], options);
      expect(fourth.stderr + fourth.stdout).toBe(counted);
      const lead = await run(process.execPath, ['--import', 'tsx', 'lead.ts'], options);
      expect(lead.stderr + lead.stdout).toBe(led);
      expect(readdirSync(folder)).not.toContain('here');
      const exit = once(plugin, 'exit');
      plugin.kill('SIGTERM');
      expect(await exit).toEqual([0, null]);
      expect((await errors) + (await printed)).toBe(listens);
      expect(readdirSync(path.join(folder, 'volumes'))).toEqual([]);
      expect(readdirSync(folder)).not.toContain('csi.sock');
    } finally {
      plugin.kill('SIGKILL');
    }
  }, 120_000);
});

it('the file of what is desired is one, and a mistake in it is told as shown', async () => {
  const [, yaml = ''] = page.match(/^```yaml\n(# volumes\.yaml\n[\s\S]*?)^```$/m) ?? [];
  const { volumes, snapshots } = await parseDesiredFile(yaml, 'volumes.yaml');
  expect([...volumes, ...snapshots].map(({ id }) => id)).toEqual(['data', 'copy', 'nightly']);
  const { message } = await parseDesiredFile('volumes:\n  data:\n    sise: 1', 'volumes.yaml').catch((error) => error);
  expect(page).toContain(`\n\`\`\`\n${message}\n\`\`\`\n`);
});

it('the table of errors says what they are', () => {
  const rows = [...page.matchAll(/^\| (`\w+\(.*?\)`(?:, `\w+\(.*?\)`)*) \| ([A-Z_, ]+) \|$/gm)];
  const documented = rows.flatMap(([, functions = '', codes = '']) => {
    const names = [...functions.matchAll(/`(\w+)\(/g)].map(([, name]) => name!);
    const each = codes.split(', ');
    return names.map((name, index) => [name, each[index] ?? each[0]] as const);
  });
  const errors = Object.entries(csiErrors);
  // All of them are public.
  expect(csi).toMatchObject(csiErrors);
  const actual = errors.map(([name, make]) => {
    const error = (make as (...texts: string[]) => { readonly code: number })('a', 'b', 'c');
    return [name, codeName(error.code)] as const;
  });
  expect(documented.sort()).toEqual(actual.sort());
});

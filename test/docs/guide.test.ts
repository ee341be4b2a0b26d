import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const repository = path.resolve(import.meta.dirname, '../..');
const guide = readFileSync(path.join(repository, 'docs/guide.md'), 'utf8');
/** Where a reader would work. */
const project = mkdtempSync(path.join(tmpdir(), 'podwire-guide-'));
/** The guide's abstract names, as no other run has them. */
const uniqueName = `unix-abstract:settings-${path.basename(project)}`;

interface Block {
  readonly language: string;
  readonly text: string;
}

const blocks: readonly Block[] = [...guide.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
  language: language!,
  text: text!,
}));

/** The only block of a language that holds a text. */
function block(language: string, text = ''): string {
  const [found, ...others] = blocks.filter((one) => one.language === language && one.text.includes(text));
  if (found === undefined || others.length > 0) throw new Error(`not exactly one ${language} block has "${text}"`);
  return found.text;
}

/** The TypeScript files of the guide: the first line of a block is a comment with the name. */
const files = new Map<string, string>();
for (const { language, text } of blocks) {
  if (language !== 'ts') continue;
  const name = text.match(/^\/\/ ([\w-]+(\.test)?\.ts)\n/)?.[1];
  if (name === undefined) throw new Error(`the first line of this block names no file:\n${text}`);
  files.set(name, (files.get(name) ?? '') + text);
}

/** What the guide shows of a run. */
const shownRuns = blocks.flatMap(({ language, text }) => {
  const [, program, output] = (language === '' && text.match(/^\$ npx tsx (\S+)\n([\s\S]*)$/)) || [];
  return program === undefined ? [] : [{ program, output: output! }];
});

function write(name: string, text: string): void {
  const file = path.join(project, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text.replaceAll('unix-abstract:settings', uniqueName));
}

const paths = {
  podwire: [`${repository}/src/index.ts`],
  'podwire/testing': [`${repository}/src/testing/index.ts`],
  'podwire/health': [`${repository}/src/services/health/index.ts`],
  'podwire/reflection': [`${repository}/src/services/reflection/index.ts`],
  'podwire/nice-grpc': [`${repository}/src/nice-grpc/index.ts`],
  'podwire/gen/*.js': [`${repository}/gen/*.ts`],
};

/** A tool of node_modules, as npx would run it. */
async function tool(name: string, ...args: string[]): Promise<void> {
  const options = { cwd: project, encoding: 'utf8' as const };
  await run(`node_modules/.bin/${name}`, args, options).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`${name} ${args.join(' ')} failed\n${error.stdout}${error.stderr}`);
  });
}

/** A program of the guide. */
class Program {
  readonly child: ChildProcess;
  readonly closed: Promise<unknown>;
  #output = '';
  #errors = '';

  constructor(name: string) {
    this.child = spawn(process.execPath, ['--import', 'tsx', name], {
      cwd: project,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TSX_TSCONFIG_PATH: 'tsconfig.json' },
    });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.closed = once(this.child, 'close');
  }

  /** Resolves with its first line, or at its end. */
  async begun(): Promise<void> {
    await Promise.race([once(createInterface({ input: this.child.stdout! }), 'line'), this.closed]);
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.child.kill(signal);
    await this.closed;
  }

  /** What it printed, as the guide would show it. */
  get printed(): string {
    return (this.#errors + this.#output).replaceAll(uniqueName, 'unix-abstract:settings');
  }
}

beforeAll(async () => {
  symlinkSync(path.join(repository, 'node_modules'), path.join(project, 'node_modules'));
  write('package.json', '{ "type": "module" }');
  write('proto/settings/v1/settings.proto', block('proto'));
  write('buf.yaml', block('yaml', '# buf.yaml'));
  write('buf.gen.yaml', block('yaml', '# buf.gen.yaml'));
  write('reader.json', block('json'));
  const compilerOptions = { paths, noEmit: true, rootDir: '/', skipLibCheck: true };
  write('tsconfig.json', JSON.stringify({ extends: './reader.json', compilerOptions }));
  for (const [name, text] of files) write(name, text);
  await tool('buf', 'generate');
  await tool('buf', 'build', '-o', 'settings.binpb');
}, 60_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

it('links to what is there', () => {
  const headings = [...guide.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading!.toLowerCase().replaceAll(' ', '-'));
  for (const [, anchor] of guide.matchAll(/\]\(#([^)]+)\)/g)) expect(headings).toContain(anchor);
  for (const [, file] of guide.matchAll(/\]\((?!http|#)([^)#]+)/g)) {
    expect(() => readFileSync(path.join(repository, 'docs', file!))).not.toThrow();
  }
});

it('compiles', () => tool('tsc', '-p', 'tsconfig.json'), 120_000);

describe('a program', () => {
  const servers = new Map<string, Program>();
  afterAll(async () => {
    for (const server of servers.values()) if (server.child.exitCode === null) await server.stop('SIGKILL');
  });

  it.each(shownRuns)('$program prints what is shown', async ({ program, output }) => {
    const started = new Program(program);
    if (output.startsWith('listening on ')) {
      servers.set(program, started);
      await started.begun();
      expect(started.child.exitCode, started.printed).toBeNull();
      return;
    }
    await started.closed;
    expect(started.printed).toBe(output);
  });

  it('that serves ends at SIGTERM, in order', async () => {
    for (const [program, server] of servers) {
      await server.stop('SIGTERM');
      expect(server.printed).toBe(shownRuns.find((shown) => shown.program === program)!.output);
    }
    expect(servers.size).toBe(2);
  });

  it('that tests passes', async () => {
    const test = new Program('settings-service.test.ts');
    await test.closed;
    expect(test.child.exitCode, test.printed).toBe(0);
  });
});

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EchoServiceDefinition } from '../../gen/echo/v1/echo.js';
import {
  channelEvents,
  createChannel,
  createClient,
  createServer,
  type EventChannel,
  listenerEvents,
  serverEvents,
} from '../../src/index.js';
import { until } from '../server/serve-podinfo.js';

const run = promisify(execFile);
const repository = path.resolve(import.meta.dirname, '../..');
const page = readFileSync(path.join(repository, 'docs/diagnostics.md'), 'utf8');
const folder = mkdtempSync(path.join(tmpdir(), 'podwire-diagnostics-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The rows of the table whose first heading is this one, as lists of cells. */
function table(heading: string): string[][] {
  const [, rows = ''] = page.split(`| \`${heading}\` |`)[1]?.match(/^[^\n]*\n[^\n]*\n((?:\|.*\n)*)/) ?? [];
  return rows
    .split('\n')
    .filter(Boolean)
    .map((row) => row.slice(2, -2).split(' | '));
}

const name = (cell: string | undefined) => cell?.replaceAll('`', '') ?? '';

describe('the program', () => {
  const [, program = ''] = page.match(/^```ts\n(\/\/ watch\.ts\n[\s\S]*?)^```$/m) ?? [];
  const [, output = ''] = page.match(/^\$ npx tsx watch\.ts\n([\s\S]*?)^```$/m) ?? [];

  beforeAll(() => {
    const paths = {
      podwire: [`${repository}/src/index.ts`],
      'podwire/health': [`${repository}/src/services/health/index.ts`],
      'podwire/gen/*.js': [`${repository}/gen/*.ts`],
    };
    const compilerOptions = { ...{ module: 'nodenext', target: 'es2022', strict: true, types: ['node'] }, paths };
    const options = { ...compilerOptions, noEmit: true, rootDir: '/', skipLibCheck: true };
    writeFileSync(path.join(folder, 'watch.ts'), program);
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(
      path.join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: ['watch.ts'] }),
    );
    symlinkSync(path.join(repository, 'node_modules'), path.join(folder, 'node_modules'));
  });

  it('compiles', () => run('node_modules/.bin/tsc', ['-p', '.'], { cwd: folder }), 60_000);

  it('prints what is shown', async () => {
    const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', 'watch.ts'], { cwd: folder });
    expect(stderr + stdout).toBe(output);
  }, 60_000);
});

describe('the tables', () => {
  it('name the counters, and no others', async () => {
    const server = createServer();
    const listener = await server.listen(path.join(folder, 'counters.sock'));
    const channel = createChannel(listener.address);
    const documented = (heading: string) => table(heading).map(([cell]) => name(cell));
    expect(documented('listener.counters').sort()).toEqual(Object.keys(listener.counters).sort());
    expect(documented('channel.counters').sort()).toEqual(Object.keys(channel.counters).sort());
    await channel.close();
    await server.shutdown();
  });

  it('name the events with what is in them, and no others', async () => {
    // biome-ignore lint/suspicious/noExplicitAny: channels of every kind of message
    const groups: Readonly<Record<string, Record<string, EventChannel<any>>>> = {
      ...{ listenerEvents, serverEvents, channelEvents },
    };
    const seen = new Map<string, string[]>();
    const subscriptions = Object.entries(groups).flatMap(([group, channels]) =>
      Object.entries(channels).map(([event, channel]) => {
        expect(channel.name).toBe(`podwire:${group.replace('Events', '')}:${event}`);
        const listener = (message: object) => void seen.set(`${group}.${event}`, Object.keys(message).sort());
        channel.subscribe(listener);
        return () => channel.unsubscribe(listener);
      }),
    );
    await causeEverything();
    for (const unsubscribe of subscriptions) unsubscribe();
    const documented = Object.keys(groups).flatMap((group) =>
      table(group).map(
        ([event, , fields = '']) => [`${group}.${name(event)}`, name(fields).split(', ').sort()] as const,
      ),
    );
    expect(new Map(documented)).toEqual(seen);
  });
});

/** Each event happens at least once. */
async function causeEverything(): Promise<void> {
  const file = path.join(folder, 'events.sock');
  const server = createServer().addPartial(EchoServiceDefinition, { echo: async () => ({}) });
  const channel = createChannel(file);
  const echo = createClient(EchoServiceDefinition, channel);
  await echo.echo({}).catch(() => {});
  const listener = await server.listen(file, { maxConnections: 1, relisten: true });
  await echo.echo({});
  const other = createChannel(file);
  await createClient(EchoServiceDefinition, other)
    .echo({})
    .catch(() => {});
  unlinkSync(file);
  await until(() => listener.counters.relistened === 1);
  await server.shutdown();
  await until(() => channel.counters.disconnected === 1);
  await channel.close();
  await other.close();
}

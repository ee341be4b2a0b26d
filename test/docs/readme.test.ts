import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { createChannel, createClient } from '../../src/index.js';

const repository = path.resolve(import.meta.dirname, '../..');
const readme = readFileSync(path.join(repository, 'README.md'), 'utf8');

/** What differs from run to run: times, process and user numbers, random names. */
function withoutChance(text: string): string {
  return text
    .replace(/ *\d+(\.\d+)? ms/g, ' # ms')
    .replace(/process \d+( of user \d+)?/g, 'process #')
    .replace(/\b(vol|snap)-[0-9a-f]{32}\b/g, '$1-#')
    .replace(/podwire-demo-\w+/g, 'podwire-demo-#')
    .replaceAll(/\/\S+\/podwire-demo-#/g, 'FOLDER');
}

it('npm run demo prints what the README shows', async () => {
  const shown = readme.match(/```\n( +[\d.]+ ms {2}start the plugin[\s\S]*?)```/)?.[1];
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', 'examples/csi/demo.ts'], {
    cwd: repository,
  });
  expect(withoutChance(stdout)).toBe(withoutChance(shown ?? 'the README has no demo output'));
}, 60_000);

it('a call without a server fails with the message that the README shows', async () => {
  const name = 'unix-abstract:podwire-readme-nobody';
  const channel = createChannel(name);
  const error = await createClient(PodInfoDefinition, channel)
    .describe({ text: '' })
    .catch((reason: Error) => reason);
  await channel.close();
  expect(readme).toContain((error as Error).message.replaceAll(name, 'unix-abstract:podinfo'));
});

it('the commands and files that the README names are there', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  for (const [, name] of readme.matchAll(/npm run ([\w:]+)/g)) expect(Object.keys(scripts)).toContain(name);
  for (const [, link] of readme.matchAll(/\]\((?!http)([^)#]+)/g)) {
    expect(() => readFileSync(path.join(repository, link))).not.toThrow(/ENOENT/);
  }
});

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ClientChannel } from '../../src/client/client-channel.js';

it('the user agent has the version of the package, and the changelog an entry for it', () => {
  const repository = path.resolve(import.meta.dirname, '../..');
  const { version } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8')) as { version: string };
  const channel = new ClientChannel('nowhere', () => Promise.reject(new Error('not dialed')));
  expect(channel.userAgent).toBe(`podwire/${version}`);
  expect(readFileSync(path.join(repository, 'CHANGELOG.md'), 'utf8')).toContain(`## ${version}`);
});

import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeStaleSocket } from '../../../src/csi/http/remove-stale-socket.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-stale-'));
  path = join(folder, 'http.sock');
});

afterEach(() => rmSync(folder, { recursive: true }));

async function listen(at: string) {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(at, resolve));
  return { close: () => new Promise((resolve) => server.close(resolve)) };
}

it('removes a socket on which nobody listens', async () => {
  const other = join(folder, 'other.sock');
  const server = await listen(other);
  // Under another name, so that closing does not remove it.
  renameSync(other, path);
  await server.close();
  expect(existsSync(path)).toBe(true);
  await removeStaleSocket(path);
  expect(existsSync(path)).toBe(false);
});

it('leaves a socket on which somebody listens', async () => {
  const server = await listen(path);
  await removeStaleSocket(path);
  expect(existsSync(path)).toBe(true);
  await server.close();
});

it('leaves other files, and what is not there', async () => {
  await removeStaleSocket(path);
  writeFileSync(path, '');
  await removeStaleSocket(path);
  expect(existsSync(path)).toBe(true);
});

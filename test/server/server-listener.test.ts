import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { createServer } from '../../src/server/server.js';
import { socketFolder } from './serve-podinfo.js';

it('prints its address', async () => {
  using folder = socketFolder();
  await using server = createServer();
  const listener = await server.listen(folder.path('x.sock'));
  const printed = inspect(listener, { breakLength: Number.POSITIVE_INFINITY });
  expect(printed).toBe(`ServerListener { address: 'unix://${folder.path('x.sock')}' }`);
});

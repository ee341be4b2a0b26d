import { expect, it } from 'vitest';
import { loadPackage } from '../../src/cli/load-package.js';

it('gives the module, or says how to get it', async () => {
  expect(await loadPackage('some', 'it is needed', async () => 5)).toBe(5);
  const missing = loadPackage('some', 'it is needed', () => Promise.reject(new Error('Cannot find package')));
  await expect(missing).rejects.toThrow(
    'it is needed, and the package some could not be loaded: run `npm install some` beside podwire',
  );
});

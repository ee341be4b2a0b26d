import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openEnvironment } from '../../../src/csi/store/open-environment.js';
import { temporaryFolder } from '../hostpath/temporary-folder.js';

it('makes the folder for the records, with those around it, and finds them again in it', async () => {
  const path = join(temporaryFolder(), 'missing', 'store');
  const first = await openEnvironment(path);
  await first.put('key', 'value');
  await first.close();
  const second = await openEnvironment(path);
  expect(second.get('key')).toBe('value');
  await second.close();
});

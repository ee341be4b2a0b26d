import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readDesiredText } from '../../../src/csi/reconcile/read-desired-text.js';
import { temporaryFolder } from '../hostpath/temporary-folder.js';

it('reads the file, and says what to do when there is none', async () => {
  const file = join(temporaryFolder(), 'volumes.yaml');
  await expect(readDesiredText(file)).rejects.toThrow(
    `${file} does not exist; write it, or correct the path; to want nothing, write volumes: {}`,
  );
  writeFileSync(file, 'volumes: {}\n');
  expect(await readDesiredText(file)).toBe('volumes: {}\n');
  await expect(readDesiredText(join(file, '..'))).rejects.toMatchObject({ code: 'EISDIR' });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readTextMaps } from '../../src/cli/read-text-maps.js';
import { temporaryFolder } from '../csi/hostpath/temporary-folder.js';

function file(name: string, text: string): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  return path;
}

it('reads YAML and JSON', async () => {
  const expected = { CreateVolume: { user: 'admin' } };
  expect(await readTextMaps(file('secrets.yaml', 'CreateVolume:\n  user: admin\n'))).toEqual(expected);
  expect(await readTextMaps(file('secrets.json', '{ "CreateVolume": { "user": "admin" } }'))).toEqual(expected);
});

it('refuses anything else, without showing it', async () => {
  for (const text of ['CreateVolume: hidden', 'CreateVolume: { pin: 4711 }', '[hidden]', 'a: [hidden', '']) {
    const error = await readTextMaps(file('secrets.yaml', text)).catch((reason: Error) => reason);
    expect(String(error)).toMatch(/is no YAML|is to have a map from text to text for each call/);
    expect(String(error)).not.toMatch(/hidden|4711/);
  }
  await expect(readTextMaps('/nowhere/secrets.yaml')).rejects.toThrow('the file cannot be read: ENOENT');
});

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildDescriptors } from './build-descriptors.js';
import { differences } from './differences.js';
import { normaliseDescriptor } from './normalise-descriptor.js';
import { publicInterfaces } from './public-interfaces.js';

describe('the public interfaces', () => {
  let built: Uint8Array;
  beforeAll(() => {
    built = buildDescriptors(fileURLToPath(new URL('../../proto', import.meta.url)));
  });

  it.each(publicInterfaces)('$package is what others speak', ({ package: name, reference }) => {
    const expected = JSON.parse(readFileSync(new URL(reference, import.meta.url), 'utf8'));
    expect(Object.keys(expected.messages).length).toBeGreaterThan(0);
    expect(differences(expected, normaliseDescriptor(built, name))).toEqual([]);
  });
});

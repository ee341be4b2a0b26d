/**
 * Writes the committed facts from a folder of descriptor sets: `tsx test/proto/write-reference.ts FOLDER`, then
 * `npm run format`. Only for a new version of a public interface.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { normaliseDescriptor } from './normalise-descriptor.js';
import { publicInterfaces } from './public-interfaces.js';

const folder = process.argv[2];
if (!folder) throw new Error('Say which folder holds the descriptor sets: tsx test/proto/write-reference.ts FOLDER');
for (const entry of publicInterfaces) {
  const normalised = normaliseDescriptor(readFileSync(join(folder, entry.descriptorSet)), entry.package);
  writeFileSync(new URL(entry.reference, import.meta.url), JSON.stringify(normalised));
}

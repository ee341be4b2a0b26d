import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildDescriptors } from '../proto/build-descriptors.js';
import { differences } from '../proto/differences.js';
import { normaliseDescriptor } from '../proto/normalise-descriptor.js';
import { csi, type PublicInterface, publicInterfaces } from '../proto/public-interfaces.js';

/** A folder of published descriptor sets, if there is one. A folder that was named and is missing is an error. */
function referenceFolder(): string | undefined {
  const named = process.env.PODWIRE_REFERENCE_DESCRIPTORS;
  if (named && !existsSync(named))
    throw new Error(`PODWIRE_REFERENCE_DESCRIPTORS names ${named}, which does not exist`);
  const beside = fileURLToPath(new URL('../../../shared/descriptors', import.meta.url));
  return named || (existsSync(beside) ? beside : undefined);
}

const folder = referenceFolder();

/** csi.proto as its authors publish it, compiled: a Go module that ordinary module proxies serve. */
function buildFromGoModule(): Uint8Array {
  let answer: string;
  try {
    answer = execFileSync('go', ['mod', 'download', '-json', 'github.com/container-storage-interface/spec@v1.13.0'], {
      encoding: 'utf8',
    });
  } catch (error) {
    const said = (error as { stdout?: string }).stdout;
    throw new Error(
      `The published CSI module cannot be had: install Go and give it a module proxy, or set PODWIRE_REFERENCE_DESCRIPTORS to a folder with ${csi.descriptorSet}. ${said ?? ''}`,
      { cause: error },
    );
  }
  return buildDescriptors(JSON.parse(answer).Dir);
}

function committed({ reference }: PublicInterface): unknown {
  return JSON.parse(readFileSync(new URL(`../proto/${reference}`, import.meta.url), 'utf8'));
}

describe('the committed facts', () => {
  if (folder === undefined) {
    it('of CSI 1.13 are those of the published Go module', () => {
      expect(differences(committed(csi), normaliseDescriptor(buildFromGoModule(), csi.package))).toEqual([]);
    });
    return;
  }
  it.each(publicInterfaces)('of $package are those of $descriptorSet', (entry) => {
    const published = readFileSync(join(folder, entry.descriptorSet));
    expect(differences(committed(entry), normaliseDescriptor(published, entry.package))).toEqual([]);
  });
});

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

const buf = createRequire(import.meta.url).resolve('@bufbuild/buf/bin/buf');

/**
 * Compiles a folder of proto files with buf.
 * @returns the serialized descriptor set, imports included.
 * @throws with buf's message when a file does not compile.
 */
export function buildDescriptors(folder: string): Uint8Array {
  return execFileSync(process.execPath, [buf, 'build', folder, '--exclude-source-info', '-o', '-#format=binpb'], {
    maxBuffer: 64 * 1024 * 1024,
  });
}

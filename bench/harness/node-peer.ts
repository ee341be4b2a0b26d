import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Peer } from './peer.js';
import type { WarmUp } from './warm-up.js';

const programs = path.join(import.meta.dirname, '../peers');
const require = createRequire(import.meta.url);

/**
 * A peer whose programs are TypeScript in a folder of `peers/`, which `npm run bench` has compiled with itself: `server.ts`,
 * `client.ts`, `first-server.ts` and `first-client.ts`, as far as they are there.
 *
 * @param packageName of the library, for its version. Default: Node itself.
 */
export function nodePeer(name: string, folder: string, packageName?: string, warmUp?: WarmUp): Peer {
  return {
    name,
    async build() {
      const program = (file: string): string[] | undefined => {
        const script = path.join(programs, folder, file);
        return existsSync(script) ? [process.execPath, script] : undefined;
      };
      const version = packageName === undefined ? process.version : versionOf(packageName);
      if (version === undefined) return { missing: `the package ${packageName} is not installed` };
      return {
        version,
        server: program('server.js'),
        client: program('client.js'),
        firstServer: program('first-server.js'),
        firstClient: program('first-client.js'),
        warmUp,
      };
    },
  };
}

/** Not every package lets its package.json be imported. */
function versionOf(packageName: string): string | undefined {
  for (const folder of require.resolve.paths(packageName) ?? []) {
    const file = path.join(folder, packageName, 'package.json');
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  }
  return undefined;
}

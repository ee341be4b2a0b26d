import { createRequire } from 'node:module';

/** The version of this package, by the name that it has for itself: its manifest is elsewhere once it is compiled. */
export function packageVersion(): string {
  const manifest = createRequire(import.meta.url)('podwire/package.json') as { readonly version: string };
  return manifest.version;
}

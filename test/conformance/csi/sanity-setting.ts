import type { SpecVersion } from '../../../src/csi/index.js';
import type { EndpointKind } from '../interop-peers.js';

/** In what a run of csi-sanity differs from the others. */
export interface SanitySetting {
  readonly user: 'root' | 'unprivileged';
  readonly accessType: 'mount' | 'block';
  readonly specVersion: SpecVersion;
  readonly kind: EndpointKind;
}

/** All there are, those that differ in the kind of endpoint only side by side. */
export const sanitySettings: readonly SanitySetting[] = (['1.12', '1.13'] as const).flatMap((specVersion) =>
  (['root', 'unprivileged'] as const).flatMap((user) =>
    (['mount', 'block'] as const).flatMap((accessType) =>
      (['path', 'abstract'] as const).map((kind) => ({ user, accessType, specVersion, kind })),
    ),
  ),
);

/** One word for each part. */
export function describeSetting({ user, accessType, specVersion, kind }: SanitySetting): string {
  return `CSI ${specVersion}, ${user}, ${accessType}, ${kind}`;
}

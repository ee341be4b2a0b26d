import type { Topology } from '../../../gen/csi/v1/csi.js';

/** Whether what is at `own` can be reached from `wanted`. Keys are compared without case, as CSI has it. */
export function topologyMatches(own: { readonly [key: string]: string }, wanted: Topology): boolean {
  const segments = new Map(Object.entries(own).map(([key, value]) => [key.toLowerCase(), value]));
  return Object.entries(wanted.segments).every(([key, value]) => segments.get(key.toLowerCase()) === value);
}

import type { TopologyRequirement } from '../../../gen/csi/v1/csi.js';
import { resourceExhausted } from '../csi-error.js';
import type { HostPathOptions } from './host-path-options.js';
import { topologyMatches } from './topology-matches.js';

/**
 * Preferred places are wishes; with one place there is nothing to choose.
 *
 * @throws RpcError RESOURCE_EXHAUSTED when none of the places where something must be is the plugin's.
 */
export function checkTopology({ topology }: HostPathOptions, requirement: TopologyRequirement | undefined): void {
  const requisite = requirement?.requisite ?? [];
  if (topology === undefined || requisite.length === 0) return;
  if (requisite.some((wanted) => topologyMatches(topology, wanted))) return;
  throw resourceExhausted('accessibility_requirements: this plugin has storage in none of the requisite places');
}

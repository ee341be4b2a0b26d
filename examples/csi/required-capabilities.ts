import type { VolumeCapability } from '../../gen/csi/v1/csi.js';
import { capabilityProblem } from './capability-problem.js';
import { invalidArgument } from './invalid-argument.js';

/** @throws RpcError INVALID_ARGUMENT when there is none, or one that is not supported. */
export function requiredCapabilities(field: string, capabilities: readonly (VolumeCapability | undefined)[]): void {
  if (capabilities.length === 0) throw invalidArgument(field, 'is required');
  for (const capability of capabilities) {
    const problem = capability === undefined ? 'is required' : capabilityProblem(capability);
    if (problem !== undefined) throw invalidArgument(field, problem);
  }
}

import { Code } from '../../rpc/code.js';
import { RpcError } from '../../rpc/rpc-error.js';

/**
 * What an error says of the operation: `pending`, it may still be going on, or be done; `undecided`, the plugin failed, in a
 * way that says nothing of what it did before; `final`, it was not done.
 */
export type ErrorClass = 'pending' | 'undecided' | 'final';

/*
 * As external-provisioner has it: of these nobody can tell whether the plugin goes on. CANCELLED and DEADLINE_EXCEEDED ended
 * the call and not the work, UNAVAILABLE may be a connection that broke, and ABORTED is CSI's word for an operation that runs.
 */
const pending = new Set<Code>([Code.CANCELLED, Code.DEADLINE_EXCEEDED, Code.UNAVAILABLE, Code.ABORTED]);

/*
 * INTERNAL is also an answer that cannot be read, RESOURCE_EXHAUSTED also one that is too large. external-provisioner takes
 * them for final; here they are final for new parameters, and not for a deletion, which would leave the volume behind.
 */
const undecided = new Set<Code>([Code.INTERNAL, Code.UNKNOWN, Code.DATA_LOSS, Code.RESOURCE_EXHAUSTED]);

/** The class of what a call was rejected with. What is no RpcError happened around the call. */
export function classifyError(error: unknown): ErrorClass {
  if (!(error instanceof RpcError) || pending.has(error.code)) return 'pending';
  return undecided.has(error.code) ? 'undecided' : 'final';
}

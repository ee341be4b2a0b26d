import { ControllerServiceCapability_RPC_Type as ControllerRpc } from '../../../gen/csi/v1/csi.js';
import type { Decision, Problem } from './decision.js';
import type { DesiredSnapshot } from './desired-volume.js';
import type { SnapshotOperation } from './operation.js';
import type { PluginFacts } from './plugin-facts.js';
import { sameValue } from './same-value.js';
import type { SnapshotState } from './snapshot-state.js';

/** All that a decision about a snapshot depends on. */
export interface SnapshotFacts {
  readonly desired: DesiredSnapshot | undefined;
  readonly state: SnapshotState | undefined;
  readonly plugin: PluginFacts;
  /** What `desired.of` is: its id, or why there is none yet. */
  readonly source?: { readonly id: string } | { readonly waitsFor: string };
  /** What has to be made of it, or was and has to be deleted, before it may be deleted. */
  readonly dependents: readonly string[];
}

const NOTHING: Decision<SnapshotOperation> = { operations: [], problems: [], waitsFor: [] };

/** What to do next for a snapshot. Nothing but its arguments counts. */
export function decideSnapshot({
  desired,
  state,
  plugin,
  source,
  dependents,
}: SnapshotFacts): Decision<SnapshotOperation> {
  if (state === undefined && desired === undefined) return NOTHING;
  const problem = (about: Problem['about'], message: string) => ({ ...NOTHING, problems: [{ about, message }] });
  const only = (operation: SnapshotOperation) => ({ ...NOTHING, operations: [operation] });
  const removed = state !== undefined && (state.doomed || desired === undefined);
  if (removed && state.snapshotId === undefined && state.answer === 'final') return only({ method: 'forget' });
  const supported = plugin.controller.includes(ControllerRpc.CREATE_DELETE_SNAPSHOT);
  const lacks = `the plugin ${plugin.name} does not advertise CREATE_DELETE_SNAPSHOT`;
  if (removed) {
    if (!supported) return problem('deleted', lacks);
    if (state.snapshotId === undefined) return only({ method: 'createSnapshot', creation: state.creation });
    return dependents.length > 0 ? { ...NOTHING, waitsFor: dependents } : only({ method: 'deleteSnapshot' });
  }
  if (state?.missing) {
    const message = `the plugin has no snapshot ${JSON.stringify(state.snapshotId)} any more; delete this one, and set it anew`;
    return problem('present', message);
  }
  if (state?.snapshotId !== undefined) {
    // Asked for again, it says whether it is ready.
    if (!state.ready && supported) return only({ method: 'createSnapshot', creation: state.creation });
    const { of, parameters } = state.creation;
    const same = sameValue({ of, parameters }, { of: desired!.of, parameters: desired!.parameters });
    return same ? NOTHING : problem('created', 'a snapshot never changes; to have another, delete it and set it anew');
  }
  if (!supported) return problem('created', lacks);
  if (state?.answer === 'none') return only({ method: 'createSnapshot', creation: state.creation });
  if (source === undefined || 'waitsFor' in source) {
    return { ...NOTHING, waitsFor: [source?.waitsFor ?? `the volume ${desired!.of}`] };
  }
  const { of, parameters } = desired!;
  return only({ method: 'createSnapshot', creation: { of, parameters, sourceVolumeId: source.id } });
}

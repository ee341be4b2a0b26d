import {
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  NodeServiceCapability_RPC_Type as NodeRpc,
} from '../../../gen/csi/v1/csi.js';
import type { Decision, Problem } from './decision.js';
import type { DesiredPublication, DesiredVolume } from './desired-volume.js';
import type { VolumeOperation } from './operation.js';
import type { PluginFacts } from './plugin-facts.js';
import { sameValue } from './same-value.js';
import type { Creation, VolumeState } from './volume-state.js';

/** All that a decision about a volume depends on. */
export interface VolumeFacts {
  readonly desired: DesiredVolume | undefined;
  readonly state: VolumeState | undefined;
  readonly plugin: PluginFacts;
  /** What `desired.source` is: its id, or why there is none yet. */
  readonly source?: { readonly id: string } | { readonly waitsFor: string };
  /** What has to be made of it, or was and has to be deleted, before it may be deleted. */
  readonly dependents: readonly string[];
  /** Where it is staged when it has to be. */
  readonly stagingPath: string;
}

const NOTHING: Decision<VolumeOperation> = { operations: [], problems: [], waitsFor: [] };

/** What to do next for a volume. Nothing but its arguments counts. */
export function decideVolume(facts: VolumeFacts): Decision<VolumeOperation> {
  const { desired, state } = facts;
  if (state === undefined) return desired === undefined ? NOTHING : decideCreation(facts, desired);
  if (state.doomed || desired === undefined) return decideDeletion(facts, state);
  return state.volumeId === undefined ? decideCreation(facts, desired) : decideChanges(facts, desired, state);
}

// -------------------------------------------------------------------------------------------------------- creation

function decideCreation({ state, plugin, source }: VolumeFacts, desired: DesiredVolume): Decision<VolumeOperation> {
  const unsupported = lacksCreation(plugin);
  if (unsupported !== undefined) return { ...NOTHING, problems: [unsupported] };
  // It may be there already, made as it was wanted then: it is finished, and changed after that.
  if (state?.answer === 'none') return only({ method: 'createVolume', creation: state.creation });
  if (source !== undefined && 'waitsFor' in source) return { ...NOTHING, waitsFor: [source.waitsFor] };
  return only({ method: 'createVolume', creation: creationOf(desired, source?.id) });
}

function creationOf({ id: _, source, publications: __, ...rest }: DesiredVolume, sourceId?: string): Creation {
  return source === undefined ? rest : { ...rest, source: { ...source, id: sourceId! } };
}

function lacksCreation(plugin: PluginFacts): Problem | undefined {
  if (plugin.controller.includes(ControllerRpc.CREATE_DELETE_VOLUME)) return undefined;
  return { about: 'created', message: lacks(plugin, 'CREATE_DELETE_VOLUME') };
}

function lacks({ name }: PluginFacts, capability: string): string {
  return `the plugin ${name} does not advertise ${capability}`;
}

function only(operation: VolumeOperation): Decision<VolumeOperation> {
  return { ...NOTHING, operations: [operation] };
}

// -------------------------------------------------------------------------------------------------------- deletion

function decideDeletion(facts: VolumeFacts, state: VolumeState): Decision<VolumeOperation> {
  const { plugin, dependents } = facts;
  if (state.volumeId === undefined) {
    if (state.answer === 'final') return only({ method: 'forget' });
    // Whether there is a volume only the plugin knows, and it tells the id to who asks for the same again.
    const unsupported = lacksCreation(plugin);
    if (unsupported !== undefined) return { ...NOTHING, problems: [{ ...unsupported, about: 'deleted' }] };
    return only({ method: 'createVolume', creation: state.creation });
  }
  const { operations, problems } = decideRemovals(facts, state, []);
  if (operations.length > 0 || problems.length > 0) return { operations, problems, waitsFor: [] };
  if (dependents.length > 0) return { ...NOTHING, waitsFor: dependents };
  const unsupported = lacksCreation(plugin);
  if (unsupported !== undefined) return { ...NOTHING, problems: [{ ...unsupported, about: 'deleted' }] };
  return only({ method: 'deleteVolume' });
}

interface Steps {
  readonly operations: VolumeOperation[];
  readonly problems: Problem[];
}

/** Where it is to be used, with all that is left open filled in. */
interface Use {
  readonly node: string;
  readonly target: string | undefined;
  readonly readonly: boolean;
}

/** Uses that are not wanted, not in this way, or half removed; inner ones before those that they stand on. */
function decideRemovals({ plugin }: VolumeFacts, state: VolumeState, uses: readonly Use[]): Steps {
  const operations: VolumeOperation[] = [];
  const problems: Problem[] = [];
  const targets = Object.entries(state.targets);
  const stagings = Object.entries(state.stagings);
  const onNode = (node: string, operation: VolumeOperation): void => {
    if (plugin.nodeId === node) operations.push(operation);
    else problems.push({ about: 'published', message: `it is in use on the node ${node}, which is not served here` });
  };
  const stays = (node: string) => attachmentServes(plugin, state, uses, node);
  for (const [path, { phase, node, readonly }] of targets) {
    const wanted = uses.some((use) => use.target === path && use.node === node && use.readonly === readonly);
    if (!wanted || phase === 'removing' || !stays(node)) onNode(node, { method: 'nodeUnpublishVolume', node, path });
  }
  for (const [path, { phase, node }] of stagings) {
    if (targets.some(([, target]) => target.staging === path)) continue;
    const wanted = uses.some((use) => use.target !== undefined && use.node === node);
    if (!wanted || phase === 'removing' || !stays(node)) onNode(node, { method: 'nodeUnstageVolume', node, path });
  }
  for (const [node, { phase }] of Object.entries(state.attachments)) {
    if ([...targets, ...stagings].some(([, used]) => used.node === node)) continue;
    const wanted = uses.some((use) => use.node === node);
    if (wanted && phase !== 'removing' && stays(node)) continue;
    operations.push({ method: 'controllerUnpublishVolume', node });
  }
  return { operations, problems };
}

// --------------------------------------------------------------------------------------------------------- changes

function decideChanges(facts: VolumeFacts, desired: DesiredVolume, state: VolumeState): Decision<VolumeOperation> {
  const problems: Problem[] = [];
  if (state.missing) {
    const message = `the plugin has no volume ${JSON.stringify(state.volumeId)} any more; delete this one, and set it anew`;
    return { ...NOTHING, problems: [{ about: 'present', message }] };
  }
  for (const field of fixedFields(desired, state.creation)) {
    const message = `${field} is fixed when a volume is made; to change it, delete the volume and set it anew`;
    problems.push({ about: 'created', message });
  }
  const { uses, problems: unusable } = usesOf(facts.plugin, desired.publications);
  const removals = decideRemovals(facts, state, uses);
  const additions = decideAdditions(facts, state, uses);
  const growth = decideGrowth(facts.plugin, desired, state);
  const modification = decideModification(facts.plugin, desired, state);
  problems.push(...unusable, ...removals.problems, ...additions.problems, ...growth.problems, ...modification.problems);
  // What is only grown while it is not used grows before it is.
  const inOrder =
    facts.plugin.volumeExpansion === 'offline'
      ? [...removals.operations, ...growth.operations, ...(growth.operations.length > 0 ? [] : additions.operations)]
      : [...removals.operations, ...additions.operations, ...growth.operations];
  return { operations: [...inOrder, ...modification.operations], problems, waitsFor: [] };
}

/** Names of what is desired otherwise than it was made. */
function fixedFields(desired: DesiredVolume, made: Creation): string[] {
  const source = made.source && { kind: made.source.kind, name: made.source.name };
  const pairs = {
    access: [desired.access, made.access],
    fsType: [desired.fsType, made.fsType],
    mountFlags: [desired.mountFlags, made.mountFlags],
    accessMode: [desired.accessMode, made.accessMode],
    parameters: [desired.parameters, made.parameters],
    topology: [desired.topology, made.topology],
    from: [desired.source, source],
  };
  return Object.entries(pairs)
    .filter(([, [wanted, is]]) => !sameValue(wanted, is))
    .map(([field]) => field);
}

function usesOf(
  plugin: PluginFacts,
  publications: readonly DesiredPublication[],
): { readonly uses: Use[]; readonly problems: Problem[] } {
  const problems: Problem[] = [];
  const uses: Use[] = [];
  for (const { node = plugin.nodeId, target, readonly } of publications) {
    const message = unusable(plugin, node, target);
    if (message === undefined) uses.push({ node: node!, target, readonly });
    else problems.push({ about: 'published', message });
  }
  return { uses, problems };
}

function unusable({ name, nodeId }: PluginFacts, node: string | undefined, target: string | undefined) {
  if (node === undefined) return `the plugin ${name} serves no node: say the node that the volume is to be attached to`;
  if (target === undefined || node === nodeId) return undefined;
  const served = nodeId === undefined ? 'no node' : `the node ${nodeId}`;
  return `${target} is on the node ${node}, and the plugin serves ${served} here: leave the target out, or talk to the plugin there`;
}

/** An attachment serves all uses of a node: a new one is read-only when all are. */
function attachedReadonly({ controller }: PluginFacts, uses: readonly Use[], node: string): boolean {
  if (!controller.includes(ControllerRpc.PUBLISH_READONLY)) return false;
  return uses.filter((use) => use.node === node).every((use) => use.readonly);
}

/** One that is read-only has to go, with all that stands on it, when something is to be written. */
function attachmentServes(plugin: PluginFacts, state: VolumeState, uses: readonly Use[], node: string): boolean {
  return state.attachments[node]?.readonly !== true || attachedReadonly(plugin, uses, node);
}

function decideAdditions({ plugin, stagingPath }: VolumeFacts, state: VolumeState, uses: readonly Use[]): Steps {
  const operations: VolumeOperation[] = [];
  const attaches = plugin.controller.includes(ControllerRpc.PUBLISH_UNPUBLISH_VOLUME);
  const stages = plugin.node.includes(NodeRpc.STAGE_UNSTAGE_VOLUME);
  const add = (operation: VolumeOperation): void => {
    // Two targets need one attachment and one staging.
    if (!operations.some((known) => sameValue(known, operation))) operations.push(operation);
  };
  for (const { node, target, readonly } of uses) {
    const attachment = state.attachments[node];
    if (!attachmentServes(plugin, state, uses, node)) continue;
    if (attaches && attachment?.phase !== 'made') {
      if (attachment?.phase === 'removing') continue;
      const forNode = attachment?.readonly ?? attachedReadonly(plugin, uses, node);
      add({ method: 'controllerPublishVolume', node, readonly: forNode });
      continue;
    }
    if (target === undefined) continue;
    const [staged] = Object.entries(state.stagings).filter(([, staging]) => staging.node === node);
    if (stages && staged?.[1].phase !== 'made') {
      if (staged?.[1].phase === 'removing') continue;
      add({ method: 'nodeStageVolume', node, path: staged?.[0] ?? stagingPath });
      continue;
    }
    const current = state.targets[target];
    if (current !== undefined && (current.phase !== 'making' || current.readonly !== readonly)) continue;
    add({ method: 'nodePublishVolume', node, path: target, staging: stages ? staged![0] : undefined, readonly });
  }
  return { operations, problems: [] };
}

function decideGrowth(plugin: PluginFacts, desired: DesiredVolume, state: VolumeState): Steps {
  const { expansion, capacityBytes } = state;
  const operations: VolumeOperation[] = [];
  const problems: Problem[] = [];
  const sized = (message: string): number => problems.push({ about: 'sized', message });
  const { requiredBytes, limitBytes } = expansion ?? desired;
  // A capacity of 0 is one that the plugin does not tell.
  const wanted = expansion !== undefined || (capacityBytes !== 0n && requiredBytes > capacityBytes);
  if (wanted) {
    const used = Object.keys({ ...state.targets, ...state.attachments }).length > 0;
    if (!plugin.controller.includes(ControllerRpc.EXPAND_VOLUME)) {
      if (!plugin.node.includes(NodeRpc.EXPAND_VOLUME)) sized(lacks(plugin, 'EXPAND_VOLUME'));
      else if (Object.keys(state.targets).length === 0) sized('it grows on its node, while it is published there');
    } else if (plugin.volumeExpansion === 'offline' && used) {
      sized(`the plugin ${plugin.name} lets volumes grow only while they are not published`);
    } else operations.push({ method: 'controllerExpandVolume', requiredBytes, limitBytes });
  } else if (desired.limitBytes !== 0n && capacityBytes > desired.limitBytes) {
    sized(`it has ${capacityBytes} bytes, the limit is ${desired.limitBytes}, and a volume never shrinks`);
  }
  if (!plugin.node.includes(NodeRpc.EXPAND_VOLUME)) return { operations, problems };
  const onNodeAlone = wanted && !plugin.controller.includes(ControllerRpc.EXPAND_VOLUME);
  for (const [path, { phase, grows, node }] of Object.entries(state.targets)) {
    if (phase !== 'made' || node !== plugin.nodeId || !(grows || onNodeAlone)) continue;
    operations.push({ method: 'nodeExpandVolume', path, requiredBytes: onNodeAlone ? requiredBytes : capacityBytes });
  }
  return { operations, problems };
}

function decideModification(plugin: PluginFacts, desired: DesiredVolume, state: VolumeState): Steps {
  const wanted = desired.mutableParameters;
  const has = state.mutableParameters;
  const isAs = has !== undefined && Object.entries(wanted).every(([key, value]) => has[key] === value);
  if (isAs || Object.keys(wanted).length === 0) return { operations: [], problems: [] };
  if (!plugin.controller.includes(ControllerRpc.MODIFY_VOLUME)) {
    return { operations: [], problems: [{ about: 'modified', message: lacks(plugin, 'MODIFY_VOLUME') }] };
  }
  return { operations: [{ method: 'controllerModifyVolume', mutableParameters: wanted }], problems: [] };
}

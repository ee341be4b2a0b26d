import { VolumeCapability_AccessMode_Mode as Mode } from '../../../gen/csi/v1/csi.js';
import { Code } from '../../rpc/code.js';
import { RpcError } from '../../rpc/rpc-error.js';
import { type MessageField, messageFields } from '../message-fields.js';

/** Where a request breaks a rule. */
interface Violation {
  /** As the protocol has it, from the message that is checked on; empty for all of that. */
  readonly field: string;
  readonly problem: string;
  readonly code?: Code;
}

type Message = { readonly [key: string]: unknown };
type Check = (message: Message) => Violation | undefined;
/** What is wrong with the value of one field. */
type ValueCheck<Value> = (value: Value) => string | undefined;

export interface RequestRuleOptions {
  /** Bytes of a map's keys and values together. */
  readonly maxMapBytes: number;
  /** Whether the node plugin stages volumes before it publishes them. */
  readonly stages: boolean;
}

const STRING_BYTES = 128;
const MOUNT_FLAGS_BYTES = 4096;
/** PATH_MAX without its NUL: a path may be as long as the system takes it. */
const PATH_BYTES = 4095;

/** Strings whose limit is another one. A token is the plugin's own: one that it does not know gets ABORTED from it. */
const stringBytes: { readonly [field: string]: number } = {
  node_id: 256,
  staging_target_path: PATH_BYTES,
  target_path: PATH_BYTES,
  volume_path: PATH_BYTES,
  volume_publish_path: PATH_BYTES,
  starting_token: Number.POSITIVE_INFINITY,
};

/** Fields and oneofs that must be there; a list or map among them has at least one entry. */
const required: { readonly [message: string]: readonly string[] } = {
  CreateVolumeRequest: ['name', 'volume_capabilities'],
  VolumeContentSource: ['type'],
  'VolumeContentSource.SnapshotSource': ['snapshot_id'],
  'VolumeContentSource.VolumeSource': ['volume_id'],
  VolumeCapability: ['access_type', 'access_mode'],
  'VolumeCapability.AccessMode': ['mode'],
  DeleteVolumeRequest: ['volume_id'],
  ControllerPublishVolumeRequest: ['volume_id', 'node_id', 'volume_capability'],
  ControllerUnpublishVolumeRequest: ['volume_id'],
  ValidateVolumeCapabilitiesRequest: ['volume_id', 'volume_capabilities'],
  ControllerGetVolumeHealthRequest: ['volume_id'],
  ControllerGetVolumeRequest: ['volume_id'],
  ControllerModifyVolumeRequest: ['volume_id', 'mutable_parameters'],
  CreateSnapshotRequest: ['source_volume_id', 'name'],
  DeleteSnapshotRequest: ['snapshot_id'],
  GetSnapshotRequest: ['snapshot_id'],
  ControllerExpandVolumeRequest: ['volume_id', 'capacity_range'],
  CreateVolumeGroupSnapshotRequest: ['name', 'source_volume_ids'],
  DeleteVolumeGroupSnapshotRequest: ['group_snapshot_id'],
  GetVolumeGroupSnapshotRequest: ['group_snapshot_id'],
  GetMetadataAllocatedRequest: ['snapshot_id'],
  GetMetadataDeltaRequest: ['base_snapshot_id', 'target_snapshot_id'],
  NodeStageVolumeRequest: ['volume_id', 'staging_target_path', 'volume_capability'],
  NodeUnstageVolumeRequest: ['volume_id', 'staging_target_path'],
  NodePublishVolumeRequest: ['volume_id', 'target_path', 'volume_capability'],
  NodeUnpublishVolumeRequest: ['volume_id', 'target_path'],
  NodeGetVolumeStatsRequest: ['volume_id', 'volume_path'],
  NodeGetVolumeHealthRequest: ['volume_id'],
  NodeExpandVolumeRequest: ['volume_id', 'volume_path'],
};

/** What else a string must be. Names are given by the CO, in Create requests alone. */
const strings: { readonly [field: string]: ValueCheck<string> } = {
  name: (name) => (BANNED.test(name) ? 'has control characters' : undefined),
  staging_target_path: notAbsolute,
  target_path: notAbsolute,
  volume_publish_path: notAbsolute,
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: what the specification bans in the names of volumes and snapshots
const BANNED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

const notNegative: ValueCheck<number | bigint> = (value) => (value < 0 ? 'is negative' : undefined);

const scalars: { readonly [field: string]: ValueCheck<number | bigint> } = {
  max_entries: notNegative,
  max_results: notNegative,
  required_bytes: notNegative,
  limit_bytes: notNegative,
  mode: (mode) => (knownModes.has(mode as Mode) ? undefined : `${mode} is not known`),
};

const knownModes = new Set<Mode>(Object.values(Mode).filter((mode) => mode !== Mode.UNRECOGNIZED));

/** What concerns several fields of a message, or has a code of its own. */
const messages: { readonly [message: string]: Check } = {
  CapacityRange: ({ requiredBytes, limitBytes }) => {
    const [least, most] = [requiredBytes as bigint, limitBytes as bigint];
    if (least === 0n && most === 0n) return { field: '', problem: 'sets neither required_bytes nor limit_bytes' };
    if (most !== 0n && most < least) return { field: 'limit_bytes', problem: 'is less than required_bytes' };
    return undefined;
  },
  GetMetadataAllocatedRequest: startingOffset,
  GetMetadataDeltaRequest: startingOffset,
};

/** An ephemeral volume is made when it is published, and never staged: kubelet says so in its context. */
const EPHEMERAL = 'csi.storage.k8s.io/ephemeral';

/** Rules of the requests of csi.v1, worked out once for each message from its descriptor. */
export class RequestRules {
  readonly #options: RequestRuleOptions;
  readonly #checks = new Map<string, Check>();

  constructor(options: RequestRuleOptions) {
    this.#options = options;
  }

  /**
   * @param method `CreateVolume`
   * @returns a function that throws RpcError for a request which breaks a rule: INVALID_ARGUMENT, with few exceptions.
   */
  of(method: string): (request: unknown) => void {
    const check = this.#checkOf(`csi.v1.${method}Request`);
    return (request) => {
      const violation = check(request as Message);
      if (violation === undefined) return;
      const { code = Code.INVALID_ARGUMENT, field, problem } = violation;
      throw new RpcError(code, `${field}: ${problem}`);
    };
  }

  #checkOf(fullName: string): Check {
    let check = this.#checks.get(fullName);
    if (check === undefined) this.#checks.set(fullName, (check = this.#compile(fullName)));
    return check;
  }

  #compile(fullName: string): Check {
    const name = fullName.replace('csi.v1.', '');
    const fields = messageFields(fullName);
    const needed = required[name] ?? [];
    const checks: Check[] = needed
      .filter((field) => fields.some(({ oneof }) => oneof === field))
      .map((oneof) => requireOneof(oneof, fields));
    for (const field of fields) {
      const check = this.#fieldCheck(field, needed.includes(field.name));
      if (check !== undefined) checks.push(check);
    }
    const whole = messages[name];
    if (whole !== undefined) checks.push(whole);
    if (name === 'NodePublishVolumeRequest' && this.#options.stages) checks.push(requireStaging);
    return (message) => {
      for (const check of checks) {
        const violation = check(message);
        if (violation !== undefined) return violation;
      }
      return undefined;
    };
  }

  #fieldCheck(field: MessageField, isRequired: boolean): Check | undefined {
    const { name, key } = field;
    switch (field.kind) {
      case 'string': {
        const check = stringCheck(name, isRequired);
        if (!field.repeated) return valueCheck(field, check);
        if (name === 'mount_flags') return valueCheck(field, mountFlagsCheck);
        return listCheck(field, isRequired, stringCheckOfEntry(check));
      }
      case 'map':
        return valueCheck(field, mapCheck(this.#options.maxMapBytes, isRequired));
      case 'message': {
        // Wrappers and timestamps have no rules, and no form of their own in the generated types.
        if (!field.type?.startsWith('csi.v1.')) return undefined;
        const check = this.#checkOf(field.type);
        if (field.repeated) return listCheck(field, isRequired, (entry) => check(entry as Message));
        return (message) => {
          const value = field.oneof === undefined ? message[key] : chosen(message, field);
          if (value === undefined) return isRequired ? { field: name, problem: 'is required' } : undefined;
          return within(name, check(value as Message));
        };
      }
      case 'enum':
      case 'scalar': {
        const check = scalars[name];
        if (check === undefined) return undefined;
        return valueCheck(field, (value: number | bigint) =>
          isRequired && value === 0 ? 'is required' : check(value),
        );
      }
    }
  }
}

function valueCheck<Value>({ name, key }: MessageField, check: ValueCheck<Value>): Check {
  return (message) => {
    const problem = check(message[key] as Value);
    return problem === undefined ? undefined : { field: name, problem };
  };
}

function listCheck(
  { name, key }: MessageField,
  isRequired: boolean,
  check: (entry: unknown) => Violation | undefined,
): Check {
  return (message) => {
    const entries = message[key] as readonly unknown[];
    if (isRequired && entries.length === 0) return { field: name, problem: 'is required' };
    for (let index = 0; index < entries.length; index++) {
      const violation = check(entries[index]);
      if (violation !== undefined) return within(`${name}[${index}]`, violation);
    }
    return undefined;
  };
}

/** The same violation, seen from the message around. Names are put together for a request that fails, not for each. */
function within(field: string, violation: Violation | undefined): Violation | undefined {
  if (violation === undefined) return undefined;
  return { ...violation, field: violation.field === '' ? field : `${field}.${violation.field}` };
}

function stringCheck(name: string, isRequired: boolean): ValueCheck<string> {
  const limit = stringBytes[name] ?? STRING_BYTES;
  const rule = strings[name];
  return (text) => {
    if (text === '') return isRequired ? 'is required' : undefined;
    return tooLong(text, limit) ?? rule?.(text);
  };
}

/** An entry of a list of ids is there, or should not be listed. */
function stringCheckOfEntry(check: ValueCheck<string>): (entry: unknown) => Violation | undefined {
  return (entry) => {
    const problem = entry === '' ? 'is empty' : check(entry as string);
    return problem === undefined ? undefined : { field: '', problem };
  };
}

function mapCheck(limit: number, isRequired: boolean): ValueCheck<{ readonly [key: string]: string }> {
  return (map) => {
    let text = '';
    let empty = true;
    for (const key in map) {
      empty = false;
      text += key + map[key];
    }
    return empty && isRequired ? 'is required' : tooLong(text, limit);
  };
}

/** The one list with a limit for all of it, and none for an entry. */
function mountFlagsCheck(flags: readonly string[]): string | undefined {
  return tooLong(flags.join(''), MOUNT_FLAGS_BYTES);
}

/** The text is not repeated: it may be a secret. */
function tooLong(text: string, limit: number): string | undefined {
  // A unit of UTF-16 has three bytes of UTF-8 at most: most texts need not be counted.
  if (text.length * 3 <= limit || Buffer.byteLength(text) <= limit) return undefined;
  return `has more than the ${limit} bytes that are allowed`;
}

function notAbsolute(path: string): string | undefined {
  if (path.includes('\0')) return 'has a NUL';
  return path.startsWith('/') ? undefined : 'must be an absolute path';
}

function requireOneof(oneof: string, fields: readonly MessageField[]): Check {
  const members = fields.filter((field) => field.oneof === oneof);
  const key = oneofKey(oneof);
  const problem = `is required: ${members.map(({ name }) => name).join(' or ')}`;
  return (message) => (message[key] === undefined ? { field: oneof, problem } : undefined);
}

function chosen(message: Message, { key, oneof }: MessageField): unknown {
  const choice = message[oneofKey(oneof!)] as { readonly $case: string; readonly value: unknown } | undefined;
  return choice?.$case === key ? choice.value : undefined;
}

/** `accessType` of `access_type`: descriptors have no JSON names for oneofs. */
function oneofKey(oneof: string): string {
  return oneof.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function startingOffset(message: Message): Violation | undefined {
  if ((message.startingOffset as bigint) >= 0n) return undefined;
  return { field: 'starting_offset', problem: 'is negative', code: Code.OUT_OF_RANGE };
}

function requireStaging(message: Message): Violation | undefined {
  if (message.stagingTargetPath !== '') return undefined;
  if ((message.volumeContext as Message)[EPHEMERAL] === 'true') return undefined;
  return {
    field: 'staging_target_path',
    problem: 'is required, since this plugin stages volumes: call NodeStageVolume first',
    code: Code.FAILED_PRECONDITION,
  };
}

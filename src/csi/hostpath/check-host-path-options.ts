import type { OptionNames } from '../../options/check-option-names.js';
import type { HostPathOptions } from './host-path-options.js';

export const hostPathOptionNames: OptionNames<HostPathOptions> = {
  stateFolder: true,
  nodeId: true,
  capacity: true,
  topology: true,
  maxVolumesPerNode: true,
  mutableParameters: true,
  mounts: true,
  logger: true,
};

const NODE_ID_BYTES = 192;
const TEXT_BYTES = 128;
/** Sizes are signed numbers of 64 bits in the protocol. */
const MOST_BYTES = 2n ** 63n - 1n;
/** csi.v1.Topology: an optional prefix like a domain, a name, and values like the name. */
const PREFIX = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;
const NAME = /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i;
const NAME_LENGTH = 63;

/** @throws TypeError or RangeError that names the option and says what it is to be. */
export function checkHostPathOptions(options: HostPathOptions): void {
  const { stateFolder, nodeId, capacity, topology, maxVolumesPerNode, mutableParameters, mounts, logger } = options;
  if (typeof stateFolder !== 'string' || stateFolder === '' || stateFolder.includes('\0')) {
    throw new TypeError(`stateFolder is ${show(stateFolder)}; it must be the path of a folder for this plugin alone`);
  }
  if (!isText(nodeId, NODE_ID_BYTES)) {
    throw new TypeError(
      `nodeId is ${show(nodeId)}; it must be a text of 1 to ${NODE_ID_BYTES} bytes, such as the host's name`,
    );
  }
  if (capacity !== undefined) checkCapacity(capacity);
  if (topology !== undefined) checkTopologyOption(topology);
  if (maxVolumesPerNode !== undefined && !(Number.isSafeInteger(maxVolumesPerNode) && maxVolumesPerNode > 0)) {
    const advice = 'it must be a whole number more than 0; leave it out for no limit';
    throw new RangeError(`maxVolumesPerNode is ${show(maxVolumesPerNode)}; ${advice}`);
  }
  if (mutableParameters !== undefined) {
    const wrong = !Array.isArray(mutableParameters) || mutableParameters.some((key) => !isText(key, TEXT_BYTES));
    if (wrong) throw new TypeError('mutableParameters must be a list of keys, such as ["iops"]');
  }
  if (mounts !== undefined && mounts !== 'bind' && mounts !== 'links') {
    throw new TypeError(`mounts is 'bind' or 'links', not ${show(mounts)}`);
  }
  if (logger !== undefined && (typeof logger?.info !== 'function' || typeof logger.warn !== 'function')) {
    throw new TypeError('logger must have the functions info and warn, as pino has');
  }
}

function checkCapacity(capacity: NonNullable<HostPathOptions['capacity']>): void {
  if (typeof capacity !== 'object' || capacity === null || Object.keys(capacity).length === 0) {
    throw new TypeError('capacity has no kind of storage; name one at least: { standard: 10n * 1024n ** 3n }');
  }
  for (const [kind, bytes] of Object.entries(capacity)) {
    if (!isText(kind, TEXT_BYTES)) throw new TypeError(`capacity: ${show(kind)} is no name for a kind of storage`);
    if (typeof bytes !== 'bigint') {
      throw new TypeError(
        `capacity.${kind} is ${show(bytes)}; it must be a bigint of bytes, such as 10n * 1024n ** 3n`,
      );
    }
    if (bytes < 0n || bytes > MOST_BYTES) {
      throw new RangeError(`capacity.${kind} is ${bytes}; it must be from 0 to ${MOST_BYTES} bytes`);
    }
  }
}

function checkTopologyOption(topology: NonNullable<HostPathOptions['topology']>): void {
  const entries = typeof topology === 'object' && topology !== null ? Object.entries(topology) : [];
  if (entries.length === 0) {
    throw new TypeError("topology names no place; it must be like { 'example.com/zone': 'z1' }, or be left out");
  }
  const seen = new Map<string, string>();
  for (const [key, value] of entries) {
    const [name, prefix, ...more] = key.split('/').reverse();
    const isKey = isName(name, NAME) && (prefix === undefined || isName(prefix, PREFIX)) && more.length === 0;
    if (!isKey) throw new TypeError(`topology: ${show(key)} is no key; it must be like example.com/zone`);
    if (!isName(value, NAME)) {
      throw new TypeError(
        `topology: ${show(value)} is no value of ${key}; it must be like z1, of ${NAME_LENGTH} characters at most`,
      );
    }
    const other = seen.get(key.toLowerCase());
    if (other !== undefined) throw new TypeError(`topology: ${key} and ${other} differ in case only, and are one key`);
    seen.set(key.toLowerCase(), key);
  }
}

function isName(text: unknown, shape: RegExp): boolean {
  return typeof text === 'string' && text.length <= NAME_LENGTH && shape.test(text);
}

function isText(value: unknown, bytes: number): boolean {
  return typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= bytes;
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

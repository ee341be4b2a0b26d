import type { HeaderFields } from '../http2/hpack/header-fields.js';

/** Bytes for keys that end in `-bin`, text for all others. */
export type MetadataValue<Key extends string = string> = string extends Key
  ? string | Uint8Array
  : Lowercase<Key> extends `${string}-bin`
    ? Uint8Array
    : string;

/** What metadata can be made from: other metadata (also another library's, when it iterates alike), pairs or a record. */
export type MetadataInit =
  | Metadata
  | Iterable<readonly [string, MetadataValue | readonly MetadataValue[]]>
  | { readonly [key: string]: MetadataValue | readonly MetadataValue[] };

/** What Node calls to print an object, by its name, which needs no import. */
const inspectCustom: unique symbol = Symbol.for('nodejs.util.inspect.custom');

/** Header-Name of PROTOCOL-HTTP2.md. */
const keyPattern = /^[0-9a-z_.-]+$/;
/** ASCII-Value of PROTOCOL-HTTP2.md, or nothing. */
const asciiPattern = /^[\x20-\x7e]*$/;
/** RFC 4648 section 4; padding is optional in gRPC. */
const base64Pattern = /^[A-Za-z0-9+/]*={0,2}$/;

/** What the transport itself sends, and what RFC 9113 section 8.2.2 forbids on a stream. */
const transportKeys = new Set([
  'connection',
  'content-length',
  'content-type',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** `grpc-` is reserved, but these documented keys travel as metadata: retries (gRFC A6) and the OpenCensus context. */
const openGrpcKeys = new Set([
  'grpc-previous-rpc-attempts',
  'grpc-retry-pushback-ms',
  'grpc-tags-bin',
  'grpc-trace-bin',
]);

/**
 * The custom header or trailer fields of a call. Keys are case-insensitive and kept in lower case; a key holds one value or
 * several. Keys ending in `-bin` hold `Uint8Array`s, all others printable ASCII text, whose surrounding spaces are dropped.
 *
 * Received metadata shows what gRPC calls custom metadata, and `user-agent`; what the transport uses itself (content type,
 * timeout, encodings, status) is left out, and so is a single value that breaks gRPC's rules (not ASCII, not base64): the
 * specification lets a receiver drop those, and a call must not fail for a field that nobody reads. So whatever was
 * received can be sent on.
 */
export class Metadata implements Iterable<[string, MetadataValue[]]> {
  /** Shared and empty; changing it throws. */
  static readonly empty: Metadata = Metadata.#makeEmpty();

  /** Received and not parsed yet. Header blocks may be shared, so this array is only ever read. */
  #fields: HeaderFields | undefined;
  /** A string under a `-bin` key is base64 as received, decoded when it is asked for. */
  #entries: Map<string, MetadataValue[]> | undefined;
  #shared = false;

  /** @throws TypeError for a key or value that gRPC does not allow */
  constructor(init?: MetadataInit) {
    if (init === undefined) {
      return;
    }
    if (init instanceof Metadata) {
      const entries = init.#read();
      if (entries !== undefined) {
        this.#entries = new Map();
        for (const [key, values] of entries) {
          this.#entries.set(key, values.slice());
        }
      }
      return;
    }
    const pairs = Symbol.iterator in init ? init : Object.entries(init);
    for (const [key, value] of pairs) {
      // What is neither a value nor an array of them is refused as a value.
      const values: readonly MetadataValue[] = Array.isArray(value) ? value : [value as MetadataValue];
      for (const one of values) {
        this.append(key, one);
      }
    }
  }

  static #makeEmpty(): Metadata {
    const empty = new Metadata();
    empty.#shared = true;
    return empty;
  }

  /**
   * Wraps received fields (name, value, name, value ...); nothing is parsed before the first access. The array must not
   * change afterwards.
   */
  static fromFields(fields: string[]): Metadata {
    const metadata = new Metadata();
    metadata.#fields = fields;
    return metadata;
  }

  /** The number of keys. */
  get size(): number {
    return this.#read()?.size ?? 0;
  }

  has(key: string): boolean {
    return this.#read()?.has(key.toLowerCase()) ?? false;
  }

  /** The first value of the key. */
  get<Key extends string>(key: Key): MetadataValue<Key> | undefined {
    const name = key.toLowerCase();
    const values = this.#read()?.get(name);
    return values && (decoded(name, values)[0] as MetadataValue<Key>);
  }

  /** All values of the key, in the order they were sent; empty when there is none. */
  getAll<Key extends string>(key: Key): MetadataValue<Key>[] {
    const name = key.toLowerCase();
    const values = this.#read()?.get(name);
    return values === undefined ? [] : (decoded(name, values).slice() as MetadataValue<Key>[]);
  }

  /**
   * Replaces the values of the key; an empty array deletes it. Bytes are not copied: leave them as they are until the call has started.
   * @throws TypeError for a key or value that gRPC does not allow
   */
  set<Key extends string>(key: Key, value: MetadataValue<Key> | readonly MetadataValue<Key>[]): this {
    const entries = this.#write();
    const name = checkedKey(key);
    const values: readonly MetadataValue[] = Array.isArray(value) ? value : [value as MetadataValue];
    const checked = values.map((one) => checkedValue(name, one));
    if (checked.length === 0) {
      entries.delete(name);
    } else {
      entries.set(name, checked);
    }
    return this;
  }

  /**
   * Adds one value to those of the key.
   * @throws TypeError for a key or value that gRPC does not allow
   */
  append<Key extends string>(key: Key, value: MetadataValue<Key>): this {
    const entries = this.#write();
    const name = checkedKey(key);
    add(entries, name, checkedValue(name, value));
    return this;
  }

  delete(key: string): void {
    this.#write().delete(key.toLowerCase());
  }

  *[Symbol.iterator](): IterableIterator<[string, MetadataValue[]]> {
    const entries = this.#read();
    if (entries !== undefined) {
      for (const [key, values] of entries) {
        yield [key, decoded(key, values).slice()];
      }
    }
  }

  /** Prints as `Metadata { 'asked-by': [ 'me' ] }`. */
  [inspectCustom](depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    return `Metadata ${inspect(Object.fromEntries(this), { ...options, depth })}`;
  }

  /** Adds every name and value to a header block; `-bin` values as unpadded base64. */
  appendTo(fields: string[]): void {
    const entries = this.#read();
    if (entries === undefined) {
      return;
    }
    for (const [key, values] of entries) {
      for (const value of values) {
        fields.push(key, typeof value === 'string' ? value : encodeBase64(value));
      }
    }
  }

  #read(): Map<string, MetadataValue[]> | undefined {
    if (this.#fields !== undefined) {
      this.#entries = parse(this.#fields);
      this.#fields = undefined;
    }
    return this.#entries;
  }

  #write(): Map<string, MetadataValue[]> {
    if (this.#shared) {
      throw new TypeError('Metadata.empty is shared and cannot be changed; make your own with new Metadata()');
    }
    return this.#read() ?? (this.#entries = new Map());
  }
}

function parse(fields: HeaderFields): Map<string, MetadataValue[]> {
  const entries = new Map<string, MetadataValue[]>();
  for (let index = 0; index < fields.length; index += 2) {
    const key = fields[index]!;
    if (isReserved(key) || !keyPattern.test(key)) {
      continue;
    }
    const text = fields[index + 1]!;
    if (!key.endsWith('-bin')) {
      if (asciiPattern.test(text)) {
        add(entries, key, text.trim());
      }
      continue;
    }
    for (const part of text.split(',')) {
      const base64 = part.trim();
      if (isBase64(base64)) {
        add(entries, key, base64);
      }
    }
  }
  return entries;
}

function isReserved(key: string): boolean {
  return key.startsWith(':') || transportKeys.has(key) || (key.startsWith('grpc-') && !openGrpcKeys.has(key));
}

function isBase64(text: string): boolean {
  if (!base64Pattern.test(text)) {
    return false;
  }
  const padding = text.indexOf('=');
  const length = padding === -1 ? text.length : padding;
  // Six bits alone make no octet, and padding, where there is some, fills up to a multiple of four.
  return length % 4 !== 1 && (padding === -1 || text.length % 4 === 0);
}

function add(entries: Map<string, MetadataValue[]>, key: string, value: MetadataValue): void {
  const values = entries.get(key);
  if (values === undefined) {
    entries.set(key, [value]);
  } else {
    values.push(value);
  }
}

function decoded(key: string, values: MetadataValue[]): MetadataValue[] {
  if (key.endsWith('-bin')) {
    for (let index = 0; index < values.length; index++) {
      const value = values[index]!;
      if (typeof value === 'string') {
        // Copied out of Buffer's shared pool: callers get a plain array of exactly these bytes.
        values[index] = new Uint8Array(Buffer.from(value, 'base64'));
      }
    }
  }
  return values;
}

function encodeBase64(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  const padding = text.indexOf('=');
  return padding === -1 ? text : text.slice(0, padding);
}

function checkedKey(key: string): string {
  const name = key.toLowerCase();
  if (isReserved(name)) {
    const instead = name === 'grpc-status-details-bin' ? '; give the RpcError details instead' : '';
    throw new TypeError(`metadata key "${name}" is reserved: the transport sets it itself${instead}`);
  }
  if (!keyPattern.test(name)) {
    throw new TypeError(`metadata key ${JSON.stringify(key)} is not allowed: use letters, digits, "_", "-" and "."`);
  }
  return name;
}

function checkedValue(key: string, value: MetadataValue): MetadataValue {
  if (key.endsWith('-bin')) {
    if (!(value instanceof Uint8Array)) {
      throw new TypeError(`metadata key "${key}" ends in "-bin": its value must be a Uint8Array`);
    }
    return value;
  }
  if (typeof value !== 'string') {
    throw new TypeError(`metadata value of "${key}" must be a string; bytes need a key that ends in "-bin"`);
  }
  if (!asciiPattern.test(value)) {
    throw new TypeError(
      `metadata value of "${key}" must be printable ASCII; other text needs a key that ends in "-bin"`,
    );
  }
  return value.trim();
}

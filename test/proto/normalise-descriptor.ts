import {
  createFileRegistry,
  type FileRegistry,
  fromBinary,
  isMessage,
  type JsonObject,
  toJson,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** What one package says on the wire and in its options, whatever files it is spread over and however it is ordered. */
export interface NormalisedPackage {
  /** Per file, ordered by what it declares: syntax, options and the top-level names. File names are left out. */
  files: JsonObject[];
  /** By name within the package; nested ones as `Outer.Inner`. */
  messages: JsonObject;
  enums: JsonObject;
  services: JsonObject;
  extensions: JsonObject;
}

/**
 * Reads one package out of a serialized FileDescriptorSet (or buf image, which is one). Everything a descriptor holds
 * goes in unless it is taken out by name below, so that a kind of difference nobody thought of still shows.
 *
 * @throws if the package is missing, or an option is set that the set does not define: it could not be compared.
 */
export function normaliseDescriptor(serialized: Uint8Array, packageName: string): NormalisedPackage {
  const set = fromBinary(FileDescriptorSetSchema, serialized);
  const registry = createFileRegistry(set);
  const files = set.file.filter((file) => file.package === packageName);
  if (files.length === 0) throw new Error(`The descriptor set has no file of package ${packageName}`);
  rejectUndefinedOptions(files, registry);
  const json = toJson(FileDescriptorSetSchema, { ...set, file: files }, { registry }) as { file: RawFile[] };
  const normalised: NormalisedPackage = { files: [], messages: {}, enums: {}, services: {}, extensions: {} };
  for (const file of json.file) addFile(file, normalised);
  normalised.files.sort((one, other) => (String(one.declares) < String(other.declares) ? -1 : 1));
  return sortKeys(normalised as unknown as JsonObject) as unknown as NormalisedPackage;
}

type Raw = JsonObject & { name: string; options?: JsonObject };
type Reserved = { reservedName?: string[]; reservedRange?: { start: number }[] };
type RawEnum = Raw & Reserved & { value: (Raw & { number: number })[] };
type RawMessage = Raw &
  Reserved & {
    field?: (Raw & { oneofIndex?: number })[];
    oneofDecl?: Raw[];
    nestedType?: RawMessage[];
    enumType?: RawEnum[];
    extension?: Raw[];
  };
type RawFile = Raw & {
  messageType?: RawMessage[];
  enumType?: RawEnum[];
  service?: (Raw & { method?: Raw[] })[];
  extension?: Raw[];
};

function addFile(file: RawFile, into: NormalisedPackage): void {
  const { name: _name, package: _package, dependency: _dependency, sourceCodeInfo: _comments, ...kept } = file;
  const { messageType = [], enumType = [], service = [], extension = [], ...rest } = kept;
  const declares = [...messageType, ...enumType, ...service, ...extension].map((entry) => entry.name).sort();
  into.files.push(withoutEmptyOptions({ ...rest, declares }));
  for (const message of messageType) addMessage(message, '', into);
  for (const entry of enumType) addEnum(entry, '', into);
  for (const entry of extension) addExtension(entry, '', into);
  for (const { name, method = [], ...other } of service) {
    into.services[name] = withoutEmptyOptions({ ...other, methods: byName(method) });
  }
}

function addMessage(message: RawMessage, scope: string, into: NormalisedPackage): void {
  const { name, field = [], oneofDecl = [], nestedType = [], enumType = [], extension = [], ...rest } = message;
  const fields = field.map(({ oneofIndex, ...other }) =>
    // The index is an accident of the order of declaration.
    oneofIndex === undefined ? other : { ...other, oneof: oneofDecl[oneofIndex]!.name },
  );
  sortReserved(rest);
  const fullName = scope + name;
  into.messages[fullName] = withoutEmptyOptions({
    ...rest,
    fields: byName(fields as Raw[]),
    oneofs: byName(oneofDecl),
  });
  for (const nested of nestedType) addMessage(nested, `${fullName}.`, into);
  for (const nested of enumType) addEnum(nested, `${fullName}.`, into);
  for (const nested of extension) addExtension(nested, `${fullName}.`, into);
}

function addEnum({ name, value, ...rest }: RawEnum, scope: string, into: NormalisedPackage): void {
  sortReserved(rest);
  // In proto2 the first value is the default: the order is kept.
  into.enums[scope + name] = withoutEmptyOptions({ ...rest, values: value.map(withoutEmptyOptions) });
}

/** The order of declaration has no meaning. */
function sortReserved(entry: Reserved): void {
  entry.reservedName?.sort();
  entry.reservedRange?.sort((one, other) => one.start - other.start);
}

function addExtension({ name, ...rest }: Raw, scope: string, into: NormalisedPackage): void {
  into.extensions[scope + name] = withoutEmptyOptions(rest);
}

function byName(entries: Raw[]): JsonObject {
  return Object.fromEntries(entries.map(({ name, ...rest }) => [name, withoutEmptyOptions(rest as JsonObject)]));
}

/** `rpc A(B) returns (C) {}` has options, empty ones; `rpc A(B) returns (C);` has none. It is the same. */
function withoutEmptyOptions(entry: JsonObject): JsonObject {
  const { options, ...rest } = entry;
  return options === undefined || Object.keys(options as JsonObject).length === 0 ? rest : entry;
}

function sortKeys<T>(value: T): T {
  if (Array.isArray(value)) return value.map(sortKeys) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, entry]) => [key, sortKeys(entry)])) as T;
}

/** JSON leaves out fields that no schema knows; an option among them would be a difference nobody sees. */
function rejectUndefinedOptions(value: unknown, registry: FileRegistry): void {
  if (Array.isArray(value)) for (const entry of value) rejectUndefinedOptions(entry, registry);
  if (!isMessage(value)) return;
  for (const { no } of value.$typeName.endsWith('Options') ? (value.$unknown ?? []) : []) {
    const defined = [...registry].some(
      (type) => type.kind === 'extension' && type.extendee.typeName === value.$typeName && type.number === no,
    );
    if (!defined) throw new Error(`The descriptor set does not define option ${no} of ${value.$typeName}`);
  }
  for (const entry of Object.values(value)) rejectUndefinedOptions(entry, registry);
}

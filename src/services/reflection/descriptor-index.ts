import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** One file of a descriptor set. */
export interface DescribedFile {
  /** Its import path: `csi/v1/csi.proto`. */
  readonly name: string;
  readonly dependencies: readonly string[];
  /** The serialized FileDescriptorProto, as the set had it. */
  readonly bytes: Uint8Array;
}

/** What a FileDescriptorSet is given as; a function is called when the set is first needed. */
export type DescriptorSource = Uint8Array | (() => Uint8Array);

/**
 * Field numbers of google/protobuf/descriptor.proto. A file and a message declare the same kinds of things under different
 * numbers; `name` is field 1 of everything that has one.
 */
const NAME = 1;
const fileFields = { package: 2, dependency: 3, messages: 4, enums: 5, services: 6, extensions: 7 };
const messageFields = { fields: 2, messages: 3, enums: 4, extensions: 6, oneofs: 8 };
const enumFields = { values: 2 };
const serviceFields = { methods: 2 };
const extensionFields = { extendee: 2, number: 3 };

/** Where every name of some descriptor sets is declared. */
export class DescriptorIndex {
  readonly #files = new Map<string, DescribedFile>();
  readonly #symbols = new Map<string, DescribedFile>();
  /** By extended message, then by number; every message has an entry. */
  readonly #extensions = new Map<string, Map<number, DescribedFile>>();

  /** A file that is in several sets is taken from the first. @throws TypeError for bytes that are no FileDescriptorSet */
  constructor(sources: readonly DescriptorSource[]) {
    sources.forEach((source, index) => {
      try {
        this.#addSet(typeof source === 'function' ? source() : source);
      } catch (cause) {
        throw new TypeError(`descriptor set ${index} is not a serialized google.protobuf.FileDescriptorSet`, { cause });
      }
    });
  }

  file(name: string): DescribedFile | undefined {
    return this.#files.get(name);
  }

  /** The file that declares a message, field, oneof, enum, enum value, service, method or extension by its full name. */
  fileOfSymbol(name: string): DescribedFile | undefined {
    return this.#symbols.get(name);
  }

  fileOfExtension(message: string, number: number): DescribedFile | undefined {
    return this.#extensions.get(message)?.get(number);
  }

  /** In rising order; undefined when there is no such message. */
  extensionNumbers(message: string): number[] | undefined {
    const extensions = this.#extensions.get(message);
    return extensions && [...extensions.keys()].sort((one, other) => one - other);
  }

  #addSet(set: Uint8Array): void {
    for (const bytes of read(set).list(1)) {
      const file = read(bytes);
      const name = file.text(NAME);
      if (this.#files.has(name)) continue;
      const dependencies = file.list(fileFields.dependency).map(decodeText);
      const described = { name, dependencies, bytes };
      this.#files.set(name, described);
      this.#addScope(file, file.text(fileFields.package), fileFields, described);
      for (const service of file.list(fileFields.services).map(read)) {
        const full = this.#addSymbol(service, file.text(fileFields.package), described);
        for (const method of service.list(serviceFields.methods)) this.#addSymbol(read(method), full, described);
      }
    }
  }

  /** What a file and a message both may declare. */
  #addScope(
    scope: Fields,
    name: string,
    numbers: { messages: number; enums: number; extensions: number },
    file: DescribedFile,
  ): void {
    for (const message of scope.list(numbers.messages).map(read)) this.#addMessage(message, name, file);
    for (const enumeration of scope.list(numbers.enums).map(read)) {
      this.#addSymbol(enumeration, name, file);
      // Values live beside their enum, not in it, as in C++.
      for (const value of enumeration.list(enumFields.values)) this.#addSymbol(read(value), name, file);
    }
    for (const extension of scope.list(numbers.extensions).map(read)) {
      this.#addSymbol(extension, name, file);
      const extendee = extension.text(extensionFields.extendee).replace(/^\./, '');
      this.#extensionsOf(extendee).set(extension.number(extensionFields.number), file);
    }
  }

  #addMessage(message: Fields, scope: string, file: DescribedFile): void {
    const name = this.#addSymbol(message, scope, file);
    this.#extensionsOf(name);
    for (const field of message.list(messageFields.fields)) this.#addSymbol(read(field), name, file);
    for (const oneof of message.list(messageFields.oneofs)) this.#addSymbol(read(oneof), name, file);
    this.#addScope(message, name, messageFields, file);
  }

  #addSymbol(declared: Fields, scope: string, file: DescribedFile): string {
    const name = declared.text(NAME);
    const full = scope === '' ? name : `${scope}.${name}`;
    this.#symbols.set(full, file);
    return full;
  }

  #extensionsOf(message: string): Map<number, DescribedFile> {
    let extensions = this.#extensions.get(message);
    if (extensions === undefined) this.#extensions.set(message, (extensions = new Map()));
    return extensions;
  }
}

/** The fields of one message by number. */
interface Fields {
  /** Length-delimited ones. */
  list(number: number): Uint8Array[];
  text(number: number): string;
  number(number: number): number;
}

/** Reads what the index needs, so that reflection need not load @bufbuild/protobuf's own descriptors (50 ms). */
function read(message: Uint8Array): Fields {
  const delimited = new Map<number, Uint8Array[]>();
  const integers = new Map<number, number>();
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) {
      const values = delimited.get(number);
      if (values === undefined) delimited.set(number, [reader.bytes()]);
      else values.push(reader.bytes());
    } else if (wireType === WireType.Varint) integers.set(number, Number(reader.int64()));
    else reader.skip(wireType, number);
  }
  return {
    list: (number) => delimited.get(number) ?? [],
    text: (number) => decodeText(delimited.get(number)?.at(-1)),
    number: (number) => integers.get(number) ?? 0,
  };
}

function decodeText(bytes: Uint8Array = new Uint8Array(0)): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

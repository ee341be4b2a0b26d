import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { fileDescriptorSet } from '../../gen/csi/v1/csi.descriptor.js';

/** A field of a message in csi.v1, or that it uses, as the descriptor has it. */
export interface MessageField {
  /** `volume_id` */
  readonly name: string;
  /** Its name in the generated types: `volumeId`. */
  readonly key: string;
  /** `map`: from string to string, the only one that CSI has. */
  readonly kind: 'string' | 'map' | 'message' | 'enum' | 'scalar';
  /** Always false for a map. */
  readonly repeated: boolean;
  /** The oneof it belongs to: `access_type`. */
  readonly oneof: string | undefined;
  /** Full name of the message or enum: `csi.v1.VolumeCapability`. */
  readonly type: string | undefined;
  /** Marked `csi_secret`. */
  readonly secret: boolean;
}

/** Numbers of the fields of descriptor.proto that are needed here. */
const FILE = { name: 1, package: 2, messages: 4 };
const MESSAGE = { name: 1, fields: 2, messages: 3, options: 7, oneofs: 8 };
const FIELD = { name: 1, label: 4, type: 5, typeName: 6, options: 8, oneof: 9, key: 10 };
const MESSAGE_OPTIONS = { mapEntry: 7 };
const FIELD_OPTIONS = { csiSecret: 1059 };
const LABEL_REPEATED = 3;
const kinds: { readonly [type: number]: MessageField['kind'] } = { 9: 'string', 11: 'message', 14: 'enum' };

let messages: Map<string, readonly MessageField[]> | undefined;

/** The fields of a message by its full name, in the order of the `.proto` file; none for one that CSI does not use. */
export function messageFields(fullName: string): readonly MessageField[] {
  messages ??= readMessages();
  return messages.get(fullName) ?? [];
}

function readMessages(): Map<string, readonly MessageField[]> {
  const found = new Map<string, readonly MessageField[]>();
  for (const file of Message.of(fileDescriptorSet()).messages(1)) {
    // Large, and in no message of CSI: it is there for the options.
    if (file.text(FILE.name) === 'google/protobuf/descriptor.proto') continue;
    for (const message of file.messages(FILE.messages)) addMessage(message, file.text(FILE.package), found);
  }
  return found;
}

function addMessage(message: Message, scope: string, found: Map<string, readonly MessageField[]>): void {
  const fullName = `${scope}.${message.text(MESSAGE.name)}`;
  const mapEntries = new Set<string>();
  for (const nested of message.messages(MESSAGE.messages)) {
    const isEntry = nested.messages(MESSAGE.options).some((options) => options.integer(MESSAGE_OPTIONS.mapEntry) === 1);
    if (isEntry) mapEntries.add(`${fullName}.${nested.text(MESSAGE.name)}`);
    else addMessage(nested, fullName, found);
  }
  const oneofs = message.messages(MESSAGE.oneofs).map((oneof) => oneof.text(MESSAGE.name));
  const fields = message.messages(MESSAGE.fields).map((field): MessageField => {
    const type = field.text(FIELD.typeName).replace(/^\./, '') || undefined;
    const isMap = type !== undefined && mapEntries.has(type);
    const oneof = field.integer(FIELD.oneof);
    return {
      name: field.text(FIELD.name),
      key: field.text(FIELD.key),
      kind: isMap ? 'map' : (kinds[field.integer(FIELD.type) ?? 0] ?? 'scalar'),
      repeated: !isMap && field.integer(FIELD.label) === LABEL_REPEATED,
      oneof: oneof === undefined ? undefined : oneofs[oneof],
      type: isMap ? undefined : type,
      secret: field.messages(FIELD.options).some((options) => options.integer(FIELD_OPTIONS.csiSecret) === 1),
    };
  });
  found.set(fullName, fields);
}

/** The fields of one serialized message by number: @bufbuild/protobuf's own descriptors take 50 ms to load. */
class Message {
  readonly #delimited = new Map<number, Uint8Array[]>();
  readonly #integers = new Map<number, number>();

  static of(bytes: Uint8Array): Message {
    const message = new Message();
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      if (wireType === WireType.LengthDelimited) {
        const values = message.#delimited.get(number);
        if (values === undefined) message.#delimited.set(number, [reader.bytes()]);
        else values.push(reader.bytes());
      } else if (wireType === WireType.Varint) message.#integers.set(number, Number(reader.int64()));
      else reader.skip(wireType, number);
    }
    return message;
  }

  messages(number: number): Message[] {
    return (this.#delimited.get(number) ?? []).map(Message.of);
  }

  text(number: number): string {
    const bytes = this.#delimited.get(number)?.at(-1);
    return bytes === undefined ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  }

  integer(number: number): number | undefined {
    return this.#integers.get(number);
  }
}

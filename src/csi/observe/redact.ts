import * as csi from '../../../gen/csi/v1/csi.js';
import type { AnyMessageType } from '../../rpc/service-definition.js';
import { type MessageField, messageFields } from '../message-fields.js';

/** A copy of a message that may be printed: JSON.stringify takes it, field and enum names are those of the protocol. */
export type Redacted = { readonly [field: string]: unknown };

type Message = { readonly [key: string]: unknown };
type PrintMessage = (message: Message) => Redacted;
/** Undefined for what is not to be printed. */
type Print = (value: unknown) => unknown;

const STRIPPED = '***stripped***';
/** What Kubernetes puts into volume_context for a driver that has `tokenRequests`; no field of the protocol marks it. */
const TOKENS = 'csi.storage.k8s.io/serviceAccount.tokens';

let fullNames: Map<unknown, string> | undefined;
const printers = new Map<string, PrintMessage>();

/**
 * How to print the messages of a generated type of csi.v1; undefined for any other type, of which nobody knows what is
 * secret. Fields that have their default value are left out; of the others
 *
 * - every field that the protocol marks `csi_secret`, at any depth, is `***stripped***`, and so are the tokens of service
 *   accounts in maps;
 * - 64-bit integers are numbers, or texts when a number would not be exact.
 *
 * Values of a type that the protocol does not have in their place are left out.
 */
export function redactor(type: AnyMessageType): ((message: unknown) => Redacted | undefined) | undefined {
  fullNames ??= readFullNames();
  const fullName = fullNames.get(type);
  if (fullName === undefined) return undefined;
  let print: PrintMessage | undefined;
  // Descriptors are read when the first message is printed, which may be never.
  return (message) => (isMessage(message) ? (print ??= printerOf(fullName))(message) : undefined);
}

/** A copy of `message` that may be printed, see `redactor`: `redact(CreateVolumeRequest, request)`. */
export function redact(type: AnyMessageType, message: unknown): Redacted | undefined {
  return redactor(type)?.(message);
}

/** `csi.v1.VolumeCapability.AccessMode` by the generated type, which has no name of its own. */
function readFullNames(): Map<unknown, string> {
  const isType = (value: unknown) => typeof value === 'object' && value !== null && 'decode' in value;
  const types = Object.entries(csi).filter(([, value]) => isType(value));
  return new Map(types.map(([name, type]) => [type, `csi.v1.${name.replaceAll('_', '.')}`]));
}

/** Each type is compiled once, those within it when they are first met. */
function printerOf(fullName: string): PrintMessage {
  let printer = printers.get(fullName);
  if (printer === undefined) printers.set(fullName, (printer = compile(messageFields(fullName))));
  return printer;
}

function compile(fields: readonly MessageField[]): PrintMessage {
  const compiled = fields.map((field) => ({ name: field.name, read: readerOf(field), print: printField(field) }));
  return (message) => {
    const printed: { [field: string]: unknown } = {};
    for (const { name, read, print } of compiled) {
      const value = read(message);
      const shown = value === undefined || value === null ? undefined : print(value);
      if (shown !== undefined) printed[name] = shown;
    }
    return printed;
  };
}

function readerOf({ key, oneof }: MessageField): (message: Message) => unknown {
  if (oneof === undefined) return (message) => message[key];
  const group = oneof.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return (message) => {
    const chosen = message[group] as { readonly $case?: unknown; readonly value?: unknown } | undefined;
    return chosen?.$case === key ? chosen.value : undefined;
  };
}

function printField(field: MessageField): Print {
  // One of a oneof is there when it is chosen, and a message when it is set; all else when it is not the default.
  const hasPresence = field.oneof !== undefined || (field.kind === 'message' && !field.repeated);
  const isDefault = hasPresence ? () => false : isEmpty;
  const print = field.secret ? () => STRIPPED : field.repeated ? printList(printOne(field)) : printOne(field);
  return (value) => (isDefault(value) ? undefined : print(value));
}

function printOne({ kind, type }: MessageField): Print {
  switch (kind) {
    case 'map':
      return printMap;
    case 'message':
      // What stands for a google.protobuf wrapper is the value itself.
      return (value) => (isMessage(value) ? printerOf(type!)(value) : printScalar(value));
    case 'enum':
      return printEnum(type!);
    default:
      return printScalar;
  }
}

function printList(print: Print): Print {
  return (value) => (Array.isArray(value) ? value.map((one) => print(one)) : undefined);
}

/** From text to text, as all maps of CSI are. */
function printMap(value: unknown): unknown {
  if (!isMessage(value)) return undefined;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, one]) => [key, key === TOKENS ? STRIPPED : printScalar(one)]));
}

/** A number that the protocol does not know stays one. */
function printEnum(fullName: string): Print {
  const generated = (csi as { readonly [name: string]: unknown })[
    fullName.slice('csi.v1.'.length).replaceAll('.', '_')
  ];
  const names = new Map(Object.entries(generated ?? {}).map(([name, number]) => [number, name] as const));
  return (value) => names.get(value as number) ?? printScalar(value);
}

function printScalar(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case 'string':
    case 'number':
    case 'boolean':
      return value;
    default:
      return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : undefined;
  }
}

function isEmpty(value: unknown): boolean {
  return !value || (typeof value === 'object' && Object.keys(value).length === 0);
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/**
 * HTTP/2 frames as the tests write and read them. Nothing here comes from src/http2, so that a fault there cannot hide itself.
 */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const ACK = 0x1;
export const END_STREAM = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;
export const PRIORITY_FLAG = 0x20;

export interface Frame {
  type: number;
  flags: number;
  id: number;
  payload: Buffer;
}

export function frame(type: number, flags: number, id: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(id, 5);
  return Buffer.concat([header, payload]);
}

export function uint32(...values: number[]): Buffer {
  const octets = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) octets.writeUInt32BE(value, index * 4);
  return octets;
}

/** Settings as identifier and value, in order; an identifier may come twice. */
export function settings(...parameters: [identifier: number, value: number][]): Buffer {
  const payload = Buffer.alloc(parameters.length * 6);
  for (const [index, [identifier, value]] of parameters.entries()) {
    payload.writeUInt16BE(identifier, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return frame(SETTINGS, 0, 0, payload);
}

/** A header block of literals without indexing or Huffman coding, RFC 7541 section 6.2.2. */
export function block(...fields: [name: string, value: string][]): Buffer {
  const octets: Buffer[] = [];
  for (const pair of fields) {
    octets.push(Buffer.of(0));
    for (const text of pair) octets.push(stringLength(text.length), Buffer.from(text, 'latin1'));
  }
  return Buffer.concat(octets);
}

function stringLength(length: number): Buffer {
  if (length < 0x7f) return Buffer.of(length);
  const octets = [0x7f];
  let rest = length - 0x7f;
  for (; rest >= 0x80; rest >>>= 7) octets.push((rest & 0x7f) | 0x80);
  return Buffer.of(...octets, rest);
}

export const requestFields: [string, string][] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/podinfo.v1.PodInfo/Describe'],
];

export function request(id: number, endStream = false, ...extra: [string, string][]): Buffer {
  return frame(HEADERS, END_HEADERS | (endStream ? END_STREAM : 0), id, block(...requestFields, ...extra));
}

export function response(id: number, endStream = false, ...extra: [string, string][]): Buffer {
  return frame(HEADERS, END_HEADERS | (endStream ? END_STREAM : 0), id, block([':status', '200'], ...extra));
}

/** Reads the frames of one direction out of bytes that are cut anywhere. */
export class FrameLog {
  readonly frames: Frame[] = [];
  #rest: Buffer;
  #skip: number;

  /** @param preface whether the bytes begin with the client's preface */
  constructor(preface: boolean) {
    this.#rest = Buffer.alloc(0);
    this.#skip = preface ? PREFACE.length : 0;
  }

  /** @returns the frames that these bytes complete. */
  add(...chunks: Uint8Array[]): Frame[] {
    this.#rest = Buffer.concat([this.#rest, ...chunks]);
    const complete: Frame[] = [];
    if (this.#skip > 0) {
      if (this.#rest.length < this.#skip) return complete;
      if (!this.#rest.subarray(0, PREFACE.length).equals(PREFACE)) throw new Error('the preface is wrong');
      this.#rest = this.#rest.subarray(this.#skip);
      this.#skip = 0;
    }
    while (this.#rest.length >= 9) {
      const end = 9 + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) break;
      complete.push({
        type: this.#rest[3],
        flags: this.#rest[4],
        id: this.#rest.readUInt32BE(5) & 0x7fffffff,
        payload: this.#rest.subarray(9, end),
      });
      this.#rest = this.#rest.subarray(end);
    }
    this.frames.push(...complete);
    return complete;
  }
}

/** `GOAWAY 0 PROTOCOL_ERROR reason` and the like: short enough for a table. */
export function describeFrame({ type, flags, id, payload }: Frame): string {
  const ack = (flags & ACK) !== 0 ? ' ACK' : '';
  switch (type) {
    case RST_STREAM:
      return `RST_STREAM ${id} ${errorNames[payload.readUInt32BE(0)]}`;
    case GOAWAY:
      return `GOAWAY ${payload.readUInt32BE(0)} ${errorNames[payload.readUInt32BE(4)]}`;
    case WINDOW_UPDATE:
      return `WINDOW_UPDATE ${id} ${payload.readUInt32BE(0)}`;
    case PING:
      return `PING${ack} ${payload.toString('hex')}`;
    case SETTINGS:
      return `SETTINGS${ack}`;
    case DATA:
      return `DATA ${id} ${payload.length}${(flags & END_STREAM) !== 0 ? ' END_STREAM' : ''}`;
    case HEADERS:
      return `HEADERS ${id}${(flags & END_STREAM) !== 0 ? ' END_STREAM' : ''}`;
    default:
      return `frame type ${type} on ${id}`;
  }
}

const errorNames = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
];

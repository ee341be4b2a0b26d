import { ConnectionError } from './connection-error.js';
import { ErrorCode } from './error-code.js';
import { MAX_INT31, readUint32 } from './frame.js';

const Identifier = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
} as const;

/** The parameters of RFC 9113 section 6.5.2, sizes in octets. */
export interface Settings {
  headerTableSize: number;
  enablePush: boolean;
  maxConcurrentStreams: number;
  initialWindowSize: number;
  maxFrameSize: number;
  maxHeaderListSize: number;
}

/** What holds until a peer says otherwise, RFC 9113 section 6.5.2. */
export const initialSettings: Readonly<Settings> = Object.freeze({
  headerTableSize: 4096,
  enablePush: true,
  maxConcurrentStreams: Number.POSITIVE_INFINITY,
  initialWindowSize: 65_535,
  maxFrameSize: 16_384,
  maxHeaderListSize: Number.POSITIVE_INFINITY,
});

const identifiers: ReadonlyArray<readonly [keyof Settings, number]> = [
  ['headerTableSize', Identifier.HEADER_TABLE_SIZE],
  ['enablePush', Identifier.ENABLE_PUSH],
  ['maxConcurrentStreams', Identifier.MAX_CONCURRENT_STREAMS],
  ['initialWindowSize', Identifier.INITIAL_WINDOW_SIZE],
  ['maxFrameSize', Identifier.MAX_FRAME_SIZE],
  ['maxHeaderListSize', Identifier.MAX_HEADER_LIST_SIZE],
];

/** The payload of a SETTINGS frame that says `settings`, six octets a parameter. */
export function encodeSettings(settings: Partial<Settings>): Uint8Array {
  const present = identifiers.filter(([name]) => settings[name] !== undefined);
  const payload = Buffer.alloc(present.length * 6);
  present.forEach(([name, identifier], index) => {
    payload.writeUInt16BE(identifier, index * 6);
    payload.writeUInt32BE(Number(settings[name]), index * 6 + 2);
  });
  return payload;
}

/**
 * Applies the payload of a SETTINGS frame of `peer` to `settings`, in order; unknown parameters are ignored.
 *
 * @param onHeaderTableSize called for every value of SETTINGS_HEADER_TABLE_SIZE, because HPACK has to know of the smallest
 *   one too (RFC 7541 section 4.2)
 * @throws ConnectionError for a value that RFC 9113 section 6.5.2 forbids.
 */
export function applySettings(
  settings: Settings,
  peer: 'client' | 'server',
  payload: Uint8Array,
  from: number,
  to: number,
  onHeaderTableSize: (size: number) => void,
): void {
  for (let at = from; at < to; at += 6) {
    const identifier = (payload[at] << 8) | payload[at + 1];
    const value = readUint32(payload, at + 2);
    switch (identifier) {
      case Identifier.HEADER_TABLE_SIZE:
        settings.headerTableSize = value;
        onHeaderTableSize(value);
        break;
      case Identifier.ENABLE_PUSH:
        // A server must not even allow itself what it has to refrain from.
        if (value > (peer === 'client' ? 1 : 0)) {
          throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `SETTINGS_ENABLE_PUSH of a ${peer} is ${value}`);
        }
        settings.enablePush = value === 1;
        break;
      case Identifier.MAX_CONCURRENT_STREAMS:
        settings.maxConcurrentStreams = value;
        break;
      case Identifier.INITIAL_WINDOW_SIZE:
        if (value > MAX_INT31) {
          throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, `SETTINGS_INITIAL_WINDOW_SIZE is ${value}`);
        }
        settings.initialWindowSize = value;
        break;
      case Identifier.MAX_FRAME_SIZE:
        if (value < 16_384 || value > 16_777_215) {
          throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `SETTINGS_MAX_FRAME_SIZE is ${value}`);
        }
        settings.maxFrameSize = value;
        break;
      case Identifier.MAX_HEADER_LIST_SIZE:
        settings.maxHeaderListSize = value;
        break;
    }
  }
}

import { describe, expect, it } from 'vitest';
import { ConnectionError } from '../../src/http2/connection-error.js';
import { ErrorCode } from '../../src/http2/error-code.js';
import { applySettings, encodeSettings, initialSettings, type Settings } from '../../src/http2/settings.js';
import { settings as settingsFrame } from './wire.js';

/** What the parameters of a peer make of the initial settings, and the header table sizes it named. */
function apply(
  peer: 'client' | 'server',
  ...parameters: [identifier: number, value: number][]
): { applied: Settings; tableSizes: number[] } {
  const applied = { ...initialSettings };
  const tableSizes: number[] = [];
  const frame = settingsFrame(...parameters);
  // After the frame header, as the payload lies in what was read.
  applySettings(applied, peer, frame, 9, frame.length, (size) => tableSizes.push(size));
  return { applied, tableSizes };
}

function refusal(peer: 'client' | 'server', ...parameters: [identifier: number, value: number][]): ConnectionError {
  try {
    apply(peer, ...parameters);
  } catch (error) {
    expect(error).toBeInstanceOf(ConnectionError);
    return error as ConnectionError;
  }
  throw new Error('the settings were taken');
}

describe('settings that nobody has sent', () => {
  it('are those of RFC 9113 section 6.5.2, and nobody can change them', () => {
    expect(initialSettings).toEqual({
      headerTableSize: 4096,
      enablePush: true,
      maxConcurrentStreams: Number.POSITIVE_INFINITY,
      initialWindowSize: 65_535,
      maxFrameSize: 16_384,
      maxHeaderListSize: Number.POSITIVE_INFINITY,
    });
    expect(Object.isFrozen(initialSettings)).toBe(true);
  });
});

describe('encodeSettings', () => {
  it('writes identifier and value of what is there, in the order of the RFC', () => {
    const payload = encodeSettings({
      maxHeaderListSize: 16_384,
      maxFrameSize: 2 ** 24 - 1,
      initialWindowSize: 2 ** 31 - 1,
      maxConcurrentStreams: 0xffffffff,
      enablePush: false,
      headerTableSize: 0,
    });
    const parameters: [number, number][] = [
      [1, 0],
      [2, 0],
      [3, 0xffffffff],
      [4, 2 ** 31 - 1],
      [5, 2 ** 24 - 1],
      [6, 16_384],
    ];
    expect(Buffer.from(payload)).toEqual(settingsFrame(...parameters).subarray(9));
    expect(encodeSettings({ enablePush: true, maxFrameSize: undefined })).toEqual(Buffer.of(0, 2, 0, 0, 0, 1));
    expect(encodeSettings({})).toHaveLength(0);
  });
});

describe('applySettings', () => {
  it('sets each parameter and leaves the others', () => {
    expect(apply('client').applied).toEqual(initialSettings);
    expect(apply('client', [1, 100]).applied).toEqual({ ...initialSettings, headerTableSize: 100 });
    expect(apply('client', [2, 0]).applied).toEqual({ ...initialSettings, enablePush: false });
    expect(apply('client', [2, 1]).applied).toEqual(initialSettings);
    expect(apply('client', [3, 0]).applied).toEqual({ ...initialSettings, maxConcurrentStreams: 0 });
    expect(apply('client', [3, 0xffffffff]).applied.maxConcurrentStreams).toBe(0xffffffff);
    expect(apply('client', [4, 0]).applied).toEqual({ ...initialSettings, initialWindowSize: 0 });
    expect(apply('client', [5, 20_000]).applied).toEqual({ ...initialSettings, maxFrameSize: 20_000 });
    expect(apply('client', [6, 8_192]).applied).toEqual({ ...initialSettings, maxHeaderListSize: 8_192 });
  });

  it('takes the last of several values, and tells HPACK of each', () => {
    const { applied, tableSizes } = apply('server', [1, 0], [4, 1], [1, 4096], [4, 2]);
    expect(applied).toEqual({ ...initialSettings, headerTableSize: 4096, initialWindowSize: 2 });
    expect(tableSizes).toEqual([0, 4096]);
  });

  it('ignores what it does not know', () => {
    expect(apply('client', [0, 1], [7, 1], [0x42, 5], [0xffff, 0xffffffff]).applied).toEqual(initialSettings);
  });

  it('reads its own part of the octets', () => {
    const applied = { ...initialSettings };
    const frames = Buffer.concat([settingsFrame([4, 1]), settingsFrame([4, 2]), settingsFrame([4, 3])]);
    applySettings(applied, 'client', frames, 15 + 9, 30, () => {});
    expect(applied.initialWindowSize).toBe(2);
  });

  it('lets a client only say whether it takes pushes', () => {
    expect(apply('server', [2, 0]).applied.enablePush).toBe(false);
    expect(refusal('server', [2, 1])).toMatchObject({ errorCode: ErrorCode.PROTOCOL_ERROR });
    expect(refusal('client', [2, 2])).toMatchObject({ errorCode: ErrorCode.PROTOCOL_ERROR });
  });

  it.each([
    ['a window', 4, 2 ** 31, ErrorCode.FLOW_CONTROL_ERROR],
    ['a window', 4, 0xffffffff, ErrorCode.FLOW_CONTROL_ERROR],
    ['a frame size', 5, 16_383, ErrorCode.PROTOCOL_ERROR],
    ['a frame size', 5, 2 ** 24, ErrorCode.PROTOCOL_ERROR],
  ])('refuses %s out of its range: %i = %i', (_, identifier, value, errorCode) => {
    const error = refusal('client', [identifier, value]);
    expect(error.errorCode).toBe(errorCode);
    expect(error.message).toContain(String(value));
  });

  it('takes both ends of each range', () => {
    expect(apply('client', [4, 2 ** 31 - 1]).applied.initialWindowSize).toBe(2 ** 31 - 1);
    expect(apply('client', [5, 16_384]).applied.maxFrameSize).toBe(16_384);
    expect(apply('client', [5, 2 ** 24 - 1]).applied.maxFrameSize).toBe(2 ** 24 - 1);
  });
});

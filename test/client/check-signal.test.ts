import { describe, expect, it } from 'vitest';
import { checkSignal } from '../../src/client/check-signal.js';
import { servePodInfo } from '../server/serve-podinfo.js';

const message = 'signal must be an AbortSignal; of an AbortController, pass .signal';

describe('checkSignal', () => {
  it('takes signals', () => {
    for (const signal of [new AbortController().signal, AbortSignal.abort(), AbortSignal.timeout(1)]) {
      expect(() => checkSignal(signal)).not.toThrow();
    }
  });

  it.each([
    ['an AbortController', new AbortController()],
    ['null', null],
    ['a function', () => {}],
  ])('refuses %s, in a call and in ready', async (_, given) => {
    expect(() => checkSignal(given as never)).toThrow(new TypeError(message));
    await using served = await servePodInfo();
    const options = { signal: given as never };
    await expect(served.podinfo.describe({}, options)).rejects.toThrow(new TypeError(message));
    await expect(served.channel.ready(options)).rejects.toThrow(new TypeError(message));
  });
});

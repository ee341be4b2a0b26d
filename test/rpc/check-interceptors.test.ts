import { describe, expect, it } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { createChannel } from '../../src/client/channel.js';
import { createClient } from '../../src/client/client.js';
import { checkInterceptors } from '../../src/rpc/check-interceptors.js';
import { createServer } from '../../src/server/server.js';
import { plainPodInfo } from '../server/serve-podinfo.js';

describe('checkInterceptors', () => {
  it('takes lists of functions', () => {
    expect(() => checkInterceptors([])).not.toThrow();
    expect(() => checkInterceptors([() => {}])).not.toThrow();
  });

  it.each([
    ['a function', () => {}],
    ['a text', 'logging'],
    ['an object', {}],
    ['a list of something else', [undefined]],
  ])('refuses %s, wherever interceptors are given', (_, given) => {
    const options = { interceptors: given as never };
    for (const attempt of [
      () => checkInterceptors(given as never),
      () => createChannel('/x.sock', options),
      () => createClient(PodInfoDefinition, createChannel('/x.sock'), options),
      () => createServer(options),
      () => createServer().add(PodInfoDefinition, plainPodInfo, options),
    ]) {
      expect(attempt).toThrow(
        new TypeError('interceptors must be an array of functions, such as { interceptors: [logging] }'),
      );
    }
  });
});

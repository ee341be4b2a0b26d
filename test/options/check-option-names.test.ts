import { describe, expect, it } from 'vitest';
import { createChannel } from '../../src/client/channel.js';
import { createClient } from '../../src/client/client.js';
import { bindServer, channelFactory } from '../../src/grpc-js/index.js';
import { checkOptionNames, likeliest } from '../../src/options/check-option-names.js';
import { createServer } from '../../src/server/server.js';
import { dialSocket } from '../../src/socket/dial-socket.js';
import { listenSocket } from '../../src/socket/socket-listener.js';
import { createInProcessChannel } from '../../src/testing/in-process-channel.js';
import { EmptyDefinition } from '../client/empty-definition.js';
import { podInfoServer } from '../grpc-js/pod-info-server.js';
import { abstractName } from '../server/serve-podinfo.js';

interface Options {
  readonly allowPeer?: string;
  readonly limits?: object;
}

const known = { allowPeer: true, limits: { maxFrameSize: 1 } } as const;
const check = (options: object) => checkOptionNames<Options>('a listener', options, known);

describe('names of options', () => {
  it('are those that are read; what is undefined is not said', () => {
    expect(() => check({ allowPeer: 'a', limits: undefined, other: undefined })).not.toThrow();
    expect(() => check({ allowpeer: 'a' })).toThrow(
      new TypeError('a listener has no option "allowpeer"; write allowPeer'),
    );
    expect(() => check({ maxFrameSize: 1 })).toThrow(
      'a listener has no option "maxFrameSize"; write limits.maxFrameSize',
    );
    expect(() => check({ colour: 1 })).toThrow('a listener has no option "colour"; its options are allowPeer, limits');
    expect(() => check({ toString: 1 })).toThrow('a listener has no option "toString"');
    expect(() => check(null as never)).toThrow('the options of a listener are an object, not null');
  });

  it('are alike when little is different', () => {
    expect(likeliest('alowPeers', ['maxFrameSize', 'allowPeer'])).toBe('allowPeer');
    expect(likeliest('mod', ['mode', 'owner'])).toBe('mode');
    expect(likeliest('grupe', ['mode', 'group'])).toBeUndefined();
  });
});

describe('a mistyped option', () => {
  const anything = (options: object) => options as never;

  it('is refused where something is made', () => {
    const server = createServer();
    expect(() => createServer(anything({ maxReceiveMessageLength: 1 }))).toThrow(
      'a server has no option "maxReceiveMessageLength"; write limits.maxReceiveMessageLength',
    );
    expect(() => createChannel('/x.sock', anything({ waitforready: true }))).toThrow(
      'a channel has no option "waitforready"; write waitForReady',
    );
    expect(() => createChannel('/x.sock', anything({ backoff: { longest: 1 } }))).toThrow(
      'backoff has no option "longest"; write longestMs',
    );
    expect(() => createInProcessChannel(server, anything({ allowpeer: () => true }))).toThrow('write allowPeer');
    expect(() => createInProcessChannel(server, anything({ protectedPath: true }))).toThrow(TypeError);
    const channel = createChannel('/x.sock');
    expect(() => createClient(EmptyDefinition, channel, anything({ timeoutMs: 1 }))).toThrow(
      'write defaults.timeoutMs',
    );
    expect(() => server.addPartial(EmptyDefinition, {}, anything({ interceptor: [] }))).toThrow('write interceptors');
    expect(() => channelFactory(anything({ allowserver: () => true }))).toThrow('write allowServer');
    expect(() => channelFactory(anything({ interceptors: [] }))).toThrow('channelFactory has no option "interceptors"');
  });

  it('is refused where something is connected, and nothing listens', async () => {
    const endpoint = abstractName();
    const events = { onConnection: () => {}, onRefused: () => {} };
    const typo = anything({ allowpeer: () => true });
    const refused = 'a listener has no option "allowpeer"; write allowPeer';
    await expect(createServer().listen(endpoint, typo)).rejects.toThrow(new TypeError(refused));
    await expect(listenSocket(endpoint, typo, events)).rejects.toThrow(new TypeError(refused));
    await expect(bindServer(podInfoServer({}), endpoint, typo)).rejects.toThrow(
      new TypeError('bindServer has no option "allowpeer"; write allowPeer'),
    );
    await expect(dialSocket(endpoint, anything({ allowserver: () => true }))).rejects.toThrow('write allowServer');
    await expect(dialSocket(endpoint)).rejects.toMatchObject({ name: 'SocketError' });
  });
});

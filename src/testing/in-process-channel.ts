import { AsyncResource } from 'node:async_hooks';
import { type Channel, type ChannelOptions, channelOptionNames } from '../client/channel.js';
import { ClientChannel } from '../client/client-channel.js';
import { checkOptionNames, type OptionNames } from '../options/check-option-names.js';
import { Code } from '../rpc/code.js';
import { RpcError } from '../rpc/rpc-error.js';
import type { Server } from '../server/server.js';
import type { Peer } from '../socket/peer.js';
import { checkPolicy, type PeerPolicy } from '../socket/peer-policy.js';
import { peerRefusal } from '../socket/peer-refusal.js';
import type { ByteStream } from '../transport/byte-stream.js';
import { memoryStreamPair } from '../transport/memory-stream.js';

export interface InProcessOptions extends Omit<ChannelOptions, 'protectedPath'> {
  /** Who the handlers are told is calling: `{ uid: 1000 }`. What is left out is true of this process; `undefined` is unknown. */
  readonly peer?: Partial<Peer>;
  /** Who may connect, as in `server.listen`. Default: whoever `peer` is. */
  readonly allowPeer?: PeerPolicy;
}

const { protectedPath: _path, ...namesWithoutPath } = channelOptionNames;
const inProcessOptionNames: OptionNames<InProcessOptions> = { ...namesWithoutPath, peer: true, allowPeer: true };

const ADDRESS = 'in-process';

/**
 * A channel to a server in this process, without a socket: calls are encoded, framed and flow-controlled as on one. Close
 * the channel, or shut the server down, as usual.
 *
 * A function in place of a server is asked at every connect, so that a test can restart the server behind the channel;
 * `undefined` is a server that is not there.
 *
 * Nothing here keeps the process alive: await what you call.
 *
 * @throws TypeError for a policy that is none, or an option that there is not; RangeError or TypeError for limits that do not fit.
 */
export function createInProcessChannel(
  server: Server | (() => Server | undefined),
  options: InProcessOptions = {},
): Channel {
  checkOptionNames('an in-process channel', options, inProcessOptionNames);
  const { peer, allowPeer, allowServer } = options;
  if (allowPeer !== undefined) checkPolicy('allowPeer', allowPeer);
  if (allowServer !== undefined) checkPolicy('allowServer', allowServer);
  const own = ownIdentity();
  const client: Peer = { ...own, ...peer };
  // As over a socket, handlers must not see the AsyncLocalStorage of whoever calls.
  const scope = new AsyncResource('podwire.InProcess');
  const connect = async () => {
    const current = typeof server === 'function' ? server() : server;
    if (current === undefined || current.stopping.aborted) throw failure(Code.UNAVAILABLE, 'no server is running');
    const refused = allowPeer && peerRefusal(allowPeer, client);
    if (refused) throw failure(Code.PERMISSION_DENIED, `the server refused this process: ${refused.reason}`, refused);
    const unwanted = allowServer && peerRefusal(allowServer, own);
    if (unwanted)
      throw failure(Code.PERMISSION_DENIED, `${unwanted.reason} as the server; nothing was sent to it`, unwanted);
    const [near, far] = memoryStreamPair();
    current.serve({ stream: within(scope, far), peer: client });
    return { stream: within(scope, near), peer: own };
  };
  return new ClientChannel(ADDRESS, () => scope.runInAsyncScope(connect), options);
}

function ownIdentity(): Peer {
  return {
    uid: process.geteuid?.(),
    gid: process.getegid?.(),
    groups: process.getgroups?.() ?? [],
    pid: process.pid,
    endpoint: ADDRESS,
  };
}

/** Delivers in one async context, as the events of a socket come in the context where the socket was made. */
function within(scope: AsyncResource, stream: ByteStream): ByteStream {
  return {
    start: (receiver) =>
      stream.start({
        onBytes: (chunk) => scope.runInAsyncScope(receiver.onBytes, receiver, chunk),
        onClose: (error) => scope.runInAsyncScope(receiver.onClose, receiver, error),
      }),
    write: (chunks, done) => stream.write(chunks, done),
    end: () => stream.end(),
    destroy: () => stream.destroy(),
    setReferenced: (referenced) => stream.setReferenced(referenced),
  };
}

function failure(code: Code, message: string, { cause }: { cause?: unknown } = {}): RpcError {
  return new RpcError(code, message, { endpoint: ADDRESS, ...(cause !== undefined && { cause }) });
}

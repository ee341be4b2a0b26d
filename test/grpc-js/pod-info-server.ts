import { Server, type ServerOptions, type UntypedHandleCall } from '@grpc/grpc-js';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { type BindServerOptions, bindServer } from '../../src/grpc-js/index.js';
import { methodsOf } from '../interop/peers/grpc-js/test-service-definition.js';
import { abstractName, allowOwn } from '../server/serve-podinfo.js';

/** PodInfo as grpc-js wants it. */
export const podInfoService = methodsOf(PodInfoDefinition);

// biome-ignore lint/suspicious/noExplicitAny: grpc-js types each kind of call on its own; tests look at a few members
export type AnyCall = any;
type Handler = (call: AnyCall, callback: AnyCall) => void;

interface Handlers {
  readonly describe?: Handler;
  readonly watch?: Handler;
  readonly pushLogs?: Handler;
  readonly exchange?: Handler;
}

/** Every method does the obvious thing; tests replace the one they are about. */
const plainHandlers: Handlers = {
  describe: (call, callback) => callback(null, { reply: `${call.request.text} And a reply from the server.` }),
  watch(call) {
    for (let sequence = 1n; sequence <= BigInt(call.request.sampleLimit); sequence++) call.write({ sequence });
    call.end();
  },
  pushLogs(call, callback) {
    let acceptedLines = 0n;
    call.on('data', () => acceptedLines++);
    call.on('end', () => callback(null, { acceptedLines }));
  },
  exchange(call) {
    call.on('data', ({ id, command }: { id: bigint; command: string }) =>
      call.write({ id, outcome: { $case: 'output', value: command } }),
    );
    call.on('end', () => call.end());
  },
};

/** A grpc-js server of PodInfo that listens nowhere yet. */
export function podInfoServer(handlers: Handlers = {}, options: ServerOptions = {}): Server {
  const server = new Server(options);
  const { describe, watch, pushLogs, exchange } = { ...plainHandlers, ...handlers };
  const implementation = { describe, watch, pushLogs, exchange };
  server.addService(podInfoService, implementation as unknown as Record<string, UntypedHandleCall>);
  return server;
}

/** The same, bound to a podwire endpoint; it ends with the test. */
export async function bindPodInfo(
  handlers: Handlers = {},
  {
    endpoint = abstractName(),
    server: serverOptions = {},
    ...bindOptions
  }: BindServerOptions & {
    readonly endpoint?: string;
    readonly server?: ServerOptions;
  } = {},
) {
  const server = podInfoServer(handlers, serverOptions);
  const listener = await bindServer(server, endpoint, { ...allowOwn(endpoint), ...bindOptions });
  return {
    server,
    listener,
    endpoint,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
      await listener.close();
    },
  };
}

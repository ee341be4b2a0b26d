import { join } from 'node:path';
import {
  ControllerDefinition,
  GroupControllerDefinition,
  IdentityDefinition,
  NodeDefinition,
  SnapshotMetadataDefinition,
} from '../../../gen/csi/v1/csi.js';
import { createHostPathPlugin } from '../../../src/csi/hostpath/create-host-path-plugin.js';
import { Code, createClient, createServer, RpcError, type ServiceDefinition } from '../../../src/index.js';
import { createInProcessChannel } from '../../../src/testing/index.js';

/** A message of any kind. */
// biome-ignore lint/suspicious/noExplicitAny: faults reach into messages of all kinds
export type Message = any;

/** A call on its way to the real plugin. */
export interface Forwarded {
  /** `CreateVolume` */
  readonly method: string;
  readonly request: Message;
  /** How often the plugin was killed so far. */
  readonly restarts: number;
  /** The request has fields that are not of CSI. */
  readonly hasUnknownFields: boolean;
  /** Calls the real plugin; of a stream it gives all responses as an array. */
  forward(request?: Message): Promise<Message>;
}

/** What is done in place of forwarding a call. */
export type Wrap = (call: Forwarded) => Promise<Message>;

export interface FaultyPlugin extends AsyncDisposable {
  readonly endpoint: string;
  /** Breaks something from now on; undefined: nothing. */
  breakWith(wrap: Wrap | undefined): void;
  /** As if it were killed and started again: calls that are open have no answer. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Nothing has such a call, and a plugin that answers it is wrong. */
const withStrangeCall = {
  ...IdentityDefinition,
  methods: {
    ...IdentityDefinition.methods,
    noSuchCall: { ...IdentityDefinition.methods.getPluginInfo, name: 'NoSuchCall' },
  },
};
const definitions: readonly ServiceDefinition[] = [
  withStrangeCall,
  ControllerDefinition,
  GroupControllerDefinition,
  SnapshotMetadataDefinition,
  NodeDefinition,
];

/** The real host-path plugin behind a server that forwards all calls to it, unless it is told to do something wrong. */
export async function startFaultyPlugin(folder: string): Promise<FaultyPlugin> {
  const host = await createHostPathPlugin({
    stateFolder: join(folder, 'state'),
    nodeId: 'node-1',
    capacity: { standard: 10n * 2n ** 30n },
    topology: { 'example.com/zone': 'z1' },
    maxVolumesPerNode: 4,
    mutableParameters: ['iops'],
    mounts: 'links',
    shutdownOn: false,
  });
  const channel = createInProcessChannel(host.plugin.server);
  const strange = new WeakSet<object>();
  let wrap: Wrap | undefined;
  let restarts = 0;
  let killed = settleable();

  const server = createServer();
  for (const definition of definitions) {
    const client = createClient(definition, channel);
    const methods = Object.entries(definition.methods);
    const handlers = methods.map(([key, { name: method, responseStream }]) => {
      const forward = async (request: object): Promise<unknown> => {
        if (method === 'NoSuchCall') throw new RpcError(Code.UNIMPLEMENTED, 'there is no such call');
        const answer = (client as { [key: string]: (request: object) => unknown })[key]!(request);
        if (!responseStream) return answer;
        const responses: unknown[] = [];
        for await (const response of answer as AsyncIterable<unknown>) responses.push(response);
        return responses;
      };
      const handle = async (request: object): Promise<unknown> => {
        const hasUnknownFields = strange.has(request);
        const call: Forwarded = {
          ...{ method, request, restarts, hasUnknownFields },
          forward: (changed = request) => forward(changed).catch(rethrow),
        };
        return Promise.race([killed.promise, wrap === undefined ? call.forward() : wrap(call)]);
      };
      const stream = async function* (request: object) {
        yield* (await handle(request)) as unknown[];
      };
      return [key, responseStream ? stream : handle] as const;
    });
    server.add(noticing(definition, strange), Object.fromEntries(handlers) as never);
  }
  const endpoint = `unix://${join(folder, 'faulty.sock')}`;
  await server.listen(endpoint);
  const close = async (): Promise<void> => {
    await server.shutdown();
    await channel.close();
    await host.close();
  };
  return {
    endpoint,
    breakWith: (fault) => {
      wrap = fault;
    },
    restart: async () => {
      killed.reject(new RpcError(Code.UNAVAILABLE, 'it was killed'));
      killed = settleable();
      restarts++;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** An error of the real plugin, as this one's own. */
function rethrow(error: unknown): never {
  if (!(error instanceof RpcError)) throw error;
  throw new RpcError(error.code, error.statusMessage);
}

function settleable() {
  let reject = (_error: Error): void => {};
  const promise = new Promise<never>((_, settle) => {
    reject = settle;
  });
  promise.catch(() => {});
  return { promise, reject };
}

/** Notes which requests have fields that are unknown; the generated decoders pass over them. */
function noticing(definition: ServiceDefinition, strange: WeakSet<object>): ServiceDefinition {
  const methods = Object.entries(definition.methods).map(([key, method]) => {
    const { requestType } = method;
    const decode = (reader: { readonly buf: Uint8Array } & Uint8Array) => {
      const message = requestType.decode(reader) as object;
      if (Buffer.from(reader.buf).includes('unknown')) strange.add(message);
      return message;
    };
    return [key, { ...method, requestType: { ...requestType, decode } }] as const;
  });
  return { ...definition, methods: Object.fromEntries(methods) } as ServiceDefinition;
}

import { inspect } from 'node:util';
import {
  ControllerDefinition,
  GroupControllerDefinition,
  IdentityDefinition,
  NodeDefinition,
  NodeServiceCapability_RPC_Type as NodeRpc,
  SnapshotMetadataDefinition,
} from '../../../gen/csi/v1/csi.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import type { CompiledMethod } from '../../rpc/compile-service.js';
import { createServer, type Server, type ServerOptions } from '../../server/server.js';
import type { ServerInterceptor } from '../../server/server-interceptor.js';
import type { ServerListener } from '../../server/server-listener.js';
import type { ListenOptions } from '../../socket/listen-options.js';
import { csiEndpoint } from '../csi-endpoint.js';
import { answerErrors, type ReportError } from './answer-errors.js';
import { checkPluginOptions } from './check-plugin-options.js';
import { guardService } from './guard-service.js';
import { identityService } from './identity-service.js';
import { PendingOperations } from './pending-operations.js';
import { type PluginCapabilities, type PluginFeatures, pluginCapabilities } from './plugin-capabilities.js';
import type { PluginHandlers } from './plugin-handlers.js';
import { RequestRules } from './request-rules.js';
import { type SpecVersion, sinceVersion113 } from './spec-version.js';

/** A logger such as pino's. */
export interface PluginLogger {
  error(fields: object, message: string): void;
}

export interface PluginOptions extends PluginHandlers {
  /** The driver's name, such as `csi.example.com`: at most 63 characters, like a domain. It never changes. */
  readonly name: string;
  /** The version of this plugin, at most 128 bytes. */
  readonly version: string;
  /** More about the plugin, opaque to callers; at most 4 KiB. Default: none. */
  readonly manifest?: { readonly [key: string]: string };
  /** Keeps capabilities and calls that are newer from callers that do not know them. Default `1.13`. */
  readonly specVersion?: SpecVersion;
  /** What no handler shows. Default: nothing. */
  readonly features?: PluginFeatures;
  /**
   * In place of what is worked out from the handlers, part by part. All instances of a plugin say the same of `services`,
   * also one that runs on a node and serves no controller: that one says it here.
   */
  readonly capabilities?: Partial<PluginCapabilities>;
  /** Around all handlers, the first one outermost. They see errors as the caller does, with the `cause`. Default: none. */
  readonly interceptors?: readonly ServerInterceptor[];
  /** Gets what handlers throw besides RpcError, with its stack. Default: standard error. */
  readonly logger?: PluginLogger;
  /** Gets what handlers throw besides RpcError, in place of the logger. */
  readonly onHandlerError?: ReportError;
  /**
   * Bytes that a map of a request may have, keys and values together. Default 4,096, which is CSI's limit; Kubernetes does
   * not check it, and secrets with certificates or several tokens may need more.
   */
  readonly maxMapBytes?: number;
  /** Shuts the plugin down on these signals; a second one ends the process at once. Default: SIGTERM and SIGINT. */
  readonly shutdownOn?: ServerOptions['shutdownOn'];
  /** How long open calls may go on after the shutdown began, in milliseconds. Default 10,000. */
  readonly shutdownGraceMs?: number;
}

/** A CSI plugin. Made by `createPlugin`. */
export class Plugin implements AsyncDisposable {
  readonly name: string;
  readonly version: string;
  /** What is advertised, on all services. */
  readonly capabilities: PluginCapabilities;
  /** For more services beside those of CSI, such as health and reflection. */
  readonly server: Server;

  constructor(options: PluginOptions) {
    checkPluginOptions(options);
    const { name, version, manifest = {}, specVersion = '1.13', shutdownOn = true, shutdownGraceMs } = options;
    this.name = name;
    this.version = version;
    this.capabilities = pluginCapabilities(options, options.features ?? {}, specVersion, options.capabilities);
    const identity = identityService({ name, version, manifest }, this.capabilities, options.identity ?? {});
    const report = reporter(options);
    const answer = answerErrors(report);
    const { interceptors = [] } = options;
    this.server = createServer({
      // Inside as well, so that those which observe see what the caller will.
      interceptors: interceptors.length === 0 ? [answer] : [answer, ...interceptors, answer],
      onHandlerError: report,
      shutdownOn,
      ...(shutdownGraceMs !== undefined && { shutdownGraceMs }),
    });
    this.server.add(IdentityDefinition, identity);
    this.#addServices(options, specVersion);
  }

  #addServices(options: PluginOptions, specVersion: SpecVersion): void {
    const { controller, groupController, snapshotMetadata, node, maxMapBytes = 4096 } = options;
    const { capabilities } = this;
    const stages = capabilities.node.includes(NodeRpc.STAGE_UNSTAGE_VOLUME);
    const rules = new RequestRules({ maxMapBytes, stages });
    const operations = new PendingOperations();
    const leftOut = specVersion === '1.12' ? sinceVersion113.methods : new Set<string>();
    // A caller that a plugin does not serve hears UNIMPLEMENTED: of a method, or of the whole service.
    if (controller !== undefined) {
      this.server.addPartial(ControllerDefinition, {
        ...guardService(ControllerDefinition, controller, rules, operations, leftOut),
        controllerGetCapabilities: async () => ({ capabilities: capabilities.controller.map(rpc) }),
      });
    }
    if (groupController !== undefined) {
      this.server.addPartial(GroupControllerDefinition, {
        ...guardService(GroupControllerDefinition, groupController, rules, operations, leftOut),
        groupControllerGetCapabilities: async () => ({ capabilities: capabilities.groupController.map(rpc) }),
      });
    }
    if (snapshotMetadata !== undefined) {
      const guarded = guardService(SnapshotMetadataDefinition, snapshotMetadata, rules, operations, leftOut);
      this.server.addPartial(SnapshotMetadataDefinition, guarded);
    }
    if (node !== undefined) {
      this.server.addPartial(NodeDefinition, {
        ...guardService(NodeDefinition, node, rules, operations, leftOut),
        nodeGetCapabilities: async () => ({ capabilities: capabilities.node.map(rpc) }),
      });
    }
  }

  /**
   * Listens for a CO; a plugin may listen on several endpoints. When the socket file goes away it listens again at the same
   * path, unless `relisten` is false.
   *
   * Rejects as `Server.listen` does: EndpointError, SocketError, or Error after `close`.
   *
   * @param endpoint default: the environment variable CSI_ENDPOINT, else `unix:///run/csi/socket`.
   */
  listen(endpoint: string | Endpoint = csiEndpoint(), options: ListenOptions = {}): Promise<ServerListener> {
    return this.server.listen(endpoint, { relisten: true, ...options });
  }

  /** Stops listening; calls that run may finish within the grace. Resolves when all connections are closed. */
  close(): Promise<void> {
    return this.server.shutdown();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Makes a CSI plugin of the handlers that it is given, with the capabilities that they show. Before a handler runs its
 * request is checked against the rules of CSI, and a second operation on the same volume is refused with ABORTED.
 *
 *     const plugin = createPlugin({ name: 'csi.example.com', version: '1.0.0', node: { nodeGetInfo, nodePublishVolume, ... } });
 *     await plugin.listen();
 *
 * @throws TypeError for a name or version that CSI does not allow, calls that CSI has only together, and options that nobody
 *   reads or that cannot be; RangeError for numbers that cannot be.
 */
export function createPlugin(options: PluginOptions): Plugin {
  return new Plugin(options);
}

function rpc<Type>(type: Type): { type: { $case: 'rpc'; value: { type: Type } } } {
  return { type: { $case: 'rpc', value: { type } } };
}

function reporter({ onHandlerError, logger }: PluginOptions): ReportError {
  if (onHandlerError !== undefined) return onHandlerError;
  const message = ({ fullName }: CompiledMethod): string => `the handler of ${fullName} failed`;
  if (logger !== undefined) return (err, method) => logger.error({ err, method: method.fullName }, message(method));
  return (error, method) => console.error(`podwire: ${message(method)}: ${inspect(error)}`);
}

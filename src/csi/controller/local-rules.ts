import {
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  type CreateVolumeRequest,
  GroupControllerServiceCapability_RPC_Type as GroupRpc,
  NodeServiceCapability_RPC_Type as NodeRpc,
  PluginCapability_Service_Type as Service,
} from '../../../gen/csi/v1/csi.js';
import { Code } from '../../rpc/code.js';
import type { CompiledMethod } from '../../rpc/compile-service.js';
import { RpcError } from '../../rpc/rpc-error.js';
import { controllerMethods, groupControllerMethods, nodeMethods } from '../method-capabilities.js';
import { RequestRules } from '../plugin/request-rules.js';
import type { PluginDescription } from './discover-plugin.js';

interface ServiceRule {
  readonly served: boolean;
  /** What the plugin advertises for the service; there is nothing for csi.v1.Node. */
  readonly service: Service | undefined;
  readonly needs: { readonly [method: string]: number | undefined };
  readonly names: { readonly [name: string]: number };
  readonly advertised: readonly number[];
}

/** Which calls make no sense for a plugin, by what it says of itself: they are refused here instead of sent. */
export class LocalRules {
  readonly #description: PluginDescription;
  readonly #address: string;
  readonly #services: { readonly [service: string]: ServiceRule };
  readonly #requests: RequestRules | undefined;

  /** @param options `checkRequests` false: only capabilities count; `maxMapBytes` as of `createPlugin`. */
  constructor(
    description: PluginDescription,
    address: string,
    options: { readonly checkRequests: boolean; readonly maxMapBytes: number },
  ) {
    this.#description = description;
    this.#address = address;
    const { serves, capabilities } = description;
    const stages = capabilities.node.includes(NodeRpc.STAGE_UNSTAGE_VOLUME);
    const { maxMapBytes } = options;
    if (options.checkRequests) this.#requests = new RequestRules({ maxMapBytes, stages });
    this.#services = {
      'csi.v1.Controller': {
        ...{ served: serves.controller, service: Service.CONTROLLER_SERVICE },
        ...{ needs: controllerMethods, names: ControllerRpc, advertised: capabilities.controller },
      },
      'csi.v1.GroupController': {
        ...{ served: serves.groupController, service: Service.GROUP_CONTROLLER_SERVICE },
        ...{ needs: groupControllerMethods, names: GroupRpc, advertised: capabilities.groupController },
      },
      'csi.v1.SnapshotMetadata': {
        ...{ served: serves.snapshotMetadata, service: Service.SNAPSHOT_METADATA_SERVICE },
        ...{ needs: {}, names: {}, advertised: [] },
      },
      'csi.v1.Node': {
        ...{ served: serves.node, service: undefined },
        ...{ needs: nodeMethods, names: NodeRpc, advertised: capabilities.node },
      },
    };
  }

  /**
   * @throws RpcError for a call that is not to be made: UNIMPLEMENTED when the plugin does not advertise what it needs, else
   * as the rules of requests have it.
   */
  check(method: CompiledMethod, message: unknown): void {
    const rule = this.#services[method.service];
    if (rule === undefined) return;
    const { served, service, needs, names, advertised } = rule;
    if (!served) throw this.#notServed(service, method);
    const needed = needs[method.key];
    if (needed !== undefined && !advertised.includes(needed)) throw this.#missing(nameOf(names, needed), method);
    const request: unknown = method.requestType.fromPartial(message);
    const missing = requestNeeds[method.key]?.(request as never, this.#description.capabilities);
    if (missing !== undefined) throw this.#missing(missing, method);
    this.#checkRequest(method, request);
  }

  #checkRequest(method: CompiledMethod, request: unknown): void {
    try {
      this.#requests?.of(method.name)(request);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      throw new RpcError(error.code, error.statusMessage, { method: method.fullName, endpoint: this.#address });
    }
  }

  #notServed(service: Service | undefined, method: CompiledMethod): RpcError {
    const { name, capabilities } = this.#description;
    if (service !== undefined && !capabilities.services.includes(service)) {
      return this.#missing(nameOf(Service, service), method);
    }
    // All instances of a plugin advertise the same services, but one on a node may serve no controller.
    return this.#error(Code.UNIMPLEMENTED, `the plugin ${name} does not serve ${method.service} here`, method);
  }

  #missing(capability: string, method: CompiledMethod): RpcError {
    return this.#error(
      Code.UNIMPLEMENTED,
      `the plugin ${this.#description.name} does not advertise ${capability}`,
      method,
    );
  }

  #error(code: Code, message: string, { fullName: method }: CompiledMethod): RpcError {
    return new RpcError(code, message, { method, endpoint: this.#address });
  }
}

type Capabilities = PluginDescription['capabilities'];

/** What a request asks for besides its method, and a caller SHALL NOT of a plugin without the capability; its name if so. */
const requestNeeds: { readonly [method: string]: (request: never, capabilities: Capabilities) => string | undefined } =
  {
    createVolume: (request: CreateVolumeRequest, { controller, services }) => {
      const { volumeContentSource, mutableParameters, accessibilityRequirements } = request;
      const source = volumeContentSource?.type?.$case;
      const needed = [
        source === 'volume' && ControllerRpc.CLONE_VOLUME,
        source === 'snapshot' && ControllerRpc.CREATE_DELETE_SNAPSHOT,
        Object.keys(mutableParameters).length > 0 && ControllerRpc.MODIFY_VOLUME,
      ];
      const missing = needed.find((type) => type !== false && !controller.includes(type));
      if (missing) return nameOf(ControllerRpc, missing);
      if (accessibilityRequirements === undefined || services.includes(Service.VOLUME_ACCESSIBILITY_CONSTRAINTS)) {
        return undefined;
      }
      return 'VOLUME_ACCESSIBILITY_CONSTRAINTS';
    },
    controllerPublishVolume: ({ readonly }: { readonly readonly: boolean }, { controller }) =>
      readonly && !controller.includes(ControllerRpc.PUBLISH_READONLY) ? 'PUBLISH_READONLY' : undefined,
  };

function nameOf(names: { readonly [name: string]: number }, type: number): string {
  return Object.keys(names).find((name) => names[name] === type) ?? `capability ${type}`;
}

import {
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  PluginCapability_VolumeExpansion_Type as Expansion,
  GroupControllerServiceCapability_RPC_Type as GroupRpc,
  NodeServiceCapability_RPC_Type as NodeRpc,
  PluginCapability_Service_Type as Service,
} from '../../../gen/csi/v1/csi.js';
import { type Channel, createChannel } from '../../client/channel.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { Code } from '../../rpc/code.js';
import { unlessCode } from '../controller/unless-code.js';
import { CallRecord } from './call-record.js';
import type { Need } from './check.js';
import type { ConformanceOptions } from './conformance-options.js';
import { CreatedThings } from './created-things.js';
import { type PluginClients, pluginClients } from './plugin-clients.js';

const CALL_TIMEOUT_MS = 60_000;

/** The plugin that is looked at, and a connection to it. */
export class Subject {
  readonly options: ConformanceOptions;
  readonly channel: Channel;
  readonly clients: PluginClients;
  readonly record = new CallRecord();
  readonly created: CreatedThings;
  name = '';
  version = '';
  /** The needs that it meets, and those that the options do. */
  readonly meets = new Set<Need>();

  /** Rejects as the first calls do: nobody is there, or no plugin, or the signal ends the wait. */
  static async connect(endpoint: string | Endpoint, options: ConformanceOptions): Promise<Subject> {
    const subject = new Subject(endpoint, options);
    try {
      await subject.#discover();
      return subject;
    } catch (error) {
      await subject.close();
      throw error;
    }
  }

  private constructor(endpoint: string | Endpoint, options: ConformanceOptions) {
    this.options = options;
    this.created = new CreatedThings((call) => this.secrets(call));
    this.channel = createChannel(endpoint, {
      waitForReady: true,
      interceptors: [this.record.interceptor, this.created.interceptor],
    });
    this.clients = pluginClients(this.channel, { timeoutMs: options.callTimeoutMs ?? CALL_TIMEOUT_MS });
  }

  /** Those that were given for a call: `CreateVolume`. */
  secrets(call: string): { [key: string]: string } {
    return { ...this.options.secrets?.[call] };
  }

  close(): Promise<void> {
    return this.channel.close();
  }

  async #discover(): Promise<void> {
    const { identity, controller, groupController, node } = this.clients;
    const { meets, options } = this;
    const { signal } = options;
    const { name, vendorVersion } = await identity.getPluginInfo({}, { signal });
    this.name = name;
    this.version = vendorVersion;
    for (const { type } of (await identity.getPluginCapabilities({}, { signal })).capabilities) {
      if (type?.$case === 'service') meets.add(`service ${nameOf(Service, type.value.type)}`);
      if (type?.$case === 'volumeExpansion' && type.value.type !== Expansion.UNKNOWN) {
        meets.add('online or offline expansion');
      }
    }
    if (meets.has('service VOLUME_ACCESSIBILITY_CONSTRAINTS')) meets.add('topology');
    if (meets.has('service CONTROLLER_SERVICE')) {
      const found = await unlessCode(Code.UNIMPLEMENTED, controller.controllerGetCapabilities({}, { signal }));
      for (const { type } of found?.capabilities ?? []) {
        if (type) meets.add(`controller ${nameOf(ControllerRpc, type.value.type)}`);
      }
    }
    if (meets.has('service GROUP_CONTROLLER_SERVICE')) {
      const found = await unlessCode(
        Code.UNIMPLEMENTED,
        groupController.groupControllerGetCapabilities({}, { signal }),
      );
      for (const { type } of found?.capabilities ?? [])
        if (type) meets.add(`group ${nameOf(GroupRpc, type.value.type)}`);
    }
    // There is no capability for the node service: whoever is asked knows.
    const ofNode = await unlessCode(Code.UNIMPLEMENTED, node.nodeGetCapabilities({}, { signal }));
    if (ofNode !== undefined) meets.add('node');
    for (const { type } of ofNode?.capabilities ?? []) if (type) meets.add(`node ${nameOf(NodeRpc, type.value.type)}`);
    if (options.restart) meets.add('option restart');
    if (Object.keys(options.mutableParameters ?? {}).length > 0) meets.add('option mutableParameters');
    if (options.accessType !== 'block') meets.add('mount volumes');
  }
}

function nameOf<Types extends { readonly [name: string]: number }>(types: Types, type: number): keyof Types & string {
  const found = Object.entries(types).find(([, number]) => number === type);
  return (found?.[0] ?? 'UNRECOGNIZED') as keyof Types & string;
}

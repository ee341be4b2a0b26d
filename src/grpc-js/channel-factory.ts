import type { ChannelCredentials, Channel as GrpcChannel, ChannelOptions as GrpcJsOptions } from '@grpc/grpc-js';
import { type Channel, type ChannelOptions, channelOptionNames, createChannel } from '../client/channel.js';
import { ClientChannel } from '../client/client-channel.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { checkOptionNames, type OptionNames } from '../options/check-option-names.js';
import { callSettings, connectionOptions } from './call-settings.js';
import { GrpcJsChannel } from './grpc-js-channel.js';

/** Options of the connection, as for `createChannel`; where a grpc-js option says the same, these count. */
export interface ChannelFactoryOptions extends Omit<ChannelOptions, 'interceptors' | 'compression' | 'userAgent'> {
  /** Where the server is. Default: the address that the grpc-js client was made with. */
  readonly endpoint?: string | Endpoint;
}

const {
  interceptors: _interceptors,
  compression: _compression,
  userAgent: _userAgent,
  ...namesOfConnection
} = channelOptionNames;
const factoryOptionNames: OptionNames<ChannelFactoryOptions> = { ...namesOfConnection, endpoint: true };

/** Makes the channel of a grpc-js client; also by hand, for nice-grpc: `createClient(definition, channelFactory(endpoint)())`. */
export type ChannelFactory = (
  address?: string,
  credentials?: ChannelCredentials | null,
  options?: GrpcJsOptions,
) => GrpcChannel;

/**
 * For the option `channelFactoryOverride` of grpc-js clients: their calls go over podwire.
 *
 * @param target where to: an endpoint, options, or a channel of podwire that several clients share and that closing a client
 * leaves open. Default: the address of the client.
 *
 * @throws TypeError for an option that there is not, and when it stands where the factory should.
 *
 * The factory throws EndpointError for a spelling that is not clear, TypeError for TLS credentials, RangeError for options
 * that do not fit.
 */
export function channelFactory(target?: string | Endpoint | Channel | ChannelFactoryOptions): ChannelFactory;
export function channelFactory(
  target: string | Endpoint | Channel | ChannelFactoryOptions = {},
  ...others: unknown[]
): ChannelFactory {
  // grpc-js gives the address, credentials and options to what should be the factory.
  if (others.length > 0) throw new TypeError('channelFactory makes the factory; write channelFactory()');
  if (!isChannel(target) && !isEndpoint(target)) checkOptionNames('channelFactory', target, factoryOptionNames);
  return (address, credentials, options = {}) => {
    if (credentials?._isSecure()) {
      throw new TypeError('a Unix socket has no TLS: make the client with credentials.createInsecure()');
    }
    const settings = callSettings(options);
    let made: GrpcJsChannel;
    if (isChannel(target)) {
      made = new GrpcJsChannel(target as ClientChannel, settings, false);
    } else {
      const { endpoint = address ?? '', ...own } = isEndpoint(target) ? { endpoint: target } : target;
      const channel = createChannel(endpoint, connectionOptions(options, own)) as ClientChannel;
      made = new GrpcJsChannel(channel, settings, true);
    }
    // grpc-js exports its class under the name of the interface; nice-grpc asks for the class and uses the interface.
    return made as unknown as GrpcChannel;
  };
}

function isChannel(target: string | Endpoint | Channel | ChannelFactoryOptions): target is Channel {
  return target instanceof ClientChannel;
}

function isEndpoint(target: string | Endpoint | ChannelFactoryOptions): target is string | Endpoint {
  return typeof target === 'string' || 'kind' in target;
}

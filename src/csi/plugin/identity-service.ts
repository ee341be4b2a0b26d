import {
  PluginCapability_VolumeExpansion_Type as Expansion,
  type IdentityDefinition,
} from '../../../gen/csi/v1/csi.js';
import type { ServiceImplementation } from '../../server/service-implementation.js';
import type { PluginCapabilities } from './plugin-capabilities.js';
import type { IdentityHandlers } from './plugin-handlers.js';

export interface PluginIdentity {
  readonly name: string;
  readonly version: string;
  readonly manifest: { readonly [key: string]: string };
}

/** Labels as in a domain name (RFC 1035, section 2.3.1), which may begin with a digit. */
const NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;
const NAME_LENGTH = 63;
const VERSION_BYTES = 128;
const MANIFEST_BYTES = 4096;

/**
 * The handlers of csi.v1.Identity.
 *
 * @throws TypeError for a name, version or manifest that CSI does not allow.
 */
export function identityService(
  identity: PluginIdentity,
  capabilities: PluginCapabilities,
  handlers: IdentityHandlers,
): ServiceImplementation<IdentityDefinition> {
  checkIdentity(identity);
  const { name, version: vendorVersion, manifest } = identity;
  return {
    async getPluginInfo() {
      return { name, vendorVersion, manifest };
    },

    async getPluginCapabilities() {
      const { services, volumeExpansion } = capabilities;
      const offered = services.map((type) => ({ type: { $case: 'service' as const, value: { type } } }));
      if (volumeExpansion === undefined) return { capabilities: offered };
      const type = volumeExpansion === 'online' ? Expansion.ONLINE : Expansion.OFFLINE;
      return { capabilities: [...offered, { type: { $case: 'volumeExpansion', value: { type } } }] };
    },

    probe: handlers.probe?.bind(handlers) ?? (async () => ({ ready: true })),
  };
}

function checkIdentity({ name, version, manifest }: PluginIdentity): void {
  if (typeof name !== 'string' || name.length > NAME_LENGTH || !NAME.test(name)) {
    const rule = `at most ${NAME_LENGTH} letters, digits, "-" and ".", a letter or digit at both ends of each part`;
    throw new TypeError(`the plugin's name is ${JSON.stringify(name)}; it must be like csi.example.com: ${rule}`);
  }
  if (typeof version !== 'string' || version === '' || Buffer.byteLength(version) > VERSION_BYTES) {
    throw new TypeError(`the plugin's version must be a text of at most ${VERSION_BYTES} bytes, such as "1.0.0"`);
  }
  const bytes = Object.entries(manifest).reduce((sum, entry) => sum + Buffer.byteLength(entry.join('')), 0);
  if (bytes > MANIFEST_BYTES) {
    throw new TypeError(`the plugin's manifest has ${bytes} bytes; at most ${MANIFEST_BYTES} are allowed`);
  }
}

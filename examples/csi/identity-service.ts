import { access, constants } from 'node:fs/promises';
import { type IdentityDefinition, PluginCapability_Service_Type as Service } from '../../gen/csi/v1/csi.js';
// Outside this repository: from 'podwire'.
import { Code, RpcError, type ServiceImplementation } from '../../src/index.js';
import type { DirectoryVolumes } from './directory-volumes.js';

export const DRIVER_NAME = 'directories.podwire.example';
const VERSION = '0.1.0';

/** The handlers of csi.v1.Identity. */
export function identityService(volumes: DirectoryVolumes): ServiceImplementation<IdentityDefinition> {
  return {
    async getPluginInfo() {
      return { name: DRIVER_NAME, vendorVersion: VERSION };
    },

    async getPluginCapabilities() {
      return { capabilities: [{ type: { $case: 'service', value: { type: Service.CONTROLLER_SERVICE } } }] };
    },

    async probe() {
      await access(volumes.root, constants.R_OK | constants.W_OK).catch(() => {
        throw new RpcError(Code.FAILED_PRECONDITION, 'the folder of the volumes cannot be read and written');
      });
      return { ready: true };
    },
  };
}

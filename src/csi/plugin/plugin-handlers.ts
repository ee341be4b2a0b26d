import type {
  ControllerDefinition,
  GroupControllerDefinition,
  IdentityDefinition,
  NodeDefinition,
  SnapshotMetadataDefinition,
} from '../../../gen/csi/v1/csi.js';
import type { ServiceImplementation } from '../../server/service-implementation.js';

/** `probe` alone: the rest of csi.v1.Identity is known. */
export type IdentityHandlers = Partial<Pick<ServiceImplementation<IdentityDefinition>, 'probe'>>;

/** The handlers of csi.v1.Controller that a plugin has. */
export type ControllerHandlers = Partial<
  Omit<ServiceImplementation<ControllerDefinition>, 'controllerGetCapabilities'>
>;

/** The handlers of csi.v1.GroupController that a plugin has: all three, or none. */
export type GroupControllerHandlers = Partial<
  Omit<ServiceImplementation<GroupControllerDefinition>, 'groupControllerGetCapabilities'>
>;

/** The handlers of csi.v1.SnapshotMetadata that a plugin has: both, or none. */
export type SnapshotMetadataHandlers = Partial<ServiceImplementation<SnapshotMetadataDefinition>>;

/** The handlers of csi.v1.Node that a plugin has. */
export type NodeHandlers = Partial<Omit<ServiceImplementation<NodeDefinition>, 'nodeGetCapabilities'>>;

/** What a plugin does: one function for each call that it offers. A service that is not given is not served. */
export interface PluginHandlers {
  readonly identity?: IdentityHandlers;
  readonly controller?: ControllerHandlers;
  readonly groupController?: GroupControllerHandlers;
  readonly snapshotMetadata?: SnapshotMetadataHandlers;
  readonly node?: NodeHandlers;
}

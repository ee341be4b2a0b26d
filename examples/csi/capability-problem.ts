import { VolumeCapability_AccessMode_Mode as Mode, type VolumeCapability } from '../../gen/csi/v1/csi.js';

/** Why a directory on one machine, shown through a link, cannot be used like this. Undefined when it can. */
export function capabilityProblem({ accessType, accessMode }: VolumeCapability): string | undefined {
  if (accessType === undefined) return 'access_type is required';
  if (accessType.$case === 'block') return 'access_type: block volumes are not supported';
  const { fsType, mountFlags, volumeMountGroup } = accessType.value;
  if (fsType !== '') return `mount.fs_type: a directory has the file system it lies in, not ${JSON.stringify(fsType)}`;
  // Mount flags may hold secrets: not repeated.
  if (mountFlags.length > 0) return 'mount.mount_flags: nothing is mounted';
  if (volumeMountGroup !== '') return 'mount.volume_mount_group is not supported';
  if (accessMode === undefined || accessMode.mode === Mode.UNKNOWN) return 'access_mode is required';
  if (accessMode.mode !== Mode.SINGLE_NODE_WRITER) return 'access_mode: only SINGLE_NODE_WRITER is supported';
  return undefined;
}

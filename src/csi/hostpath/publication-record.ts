import type { VolumeCapability_AccessMode_Mode as Mode } from '../../../gen/csi/v1/csi.js';
import type { AccessType } from './volume-record.js';

/** A volume that is attached to a node. */
export interface PublicationRecord {
  /** Made by `publicationId`: one for each volume and node. */
  readonly id: string;
  readonly volumeId: string;
  readonly nodeId: string;
  readonly accessType: AccessType;
  readonly accessMode: Mode;
  readonly readonly: boolean;
}

export function publicationId(volumeId: string, nodeId: string): string {
  return `${volumeId} ${nodeId}`;
}

import { writeFile } from 'node:fs/promises';

/** Calls for which csi-sanity takes secrets. */
const callsWithSecrets = [
  ...['CreateVolume', 'DeleteVolume', 'ControllerPublishVolume', 'ControllerUnpublishVolume'],
  ...['ControllerValidateVolumeCapabilities', 'NodeStageVolume', 'NodePublishVolume', 'CreateSnapshot'],
  ...['DeleteSnapshot', 'ControllerExpandVolume', 'ControllerModifyVolume', 'ListSnapshots', 'GetSnapshot'],
];

/** A text that no log may have. */
export const secret = 'sesame-of-csi-sanity';

/** Writes secrets for each call that takes some, as csi-sanity and `podwire csi conformance` read them. */
export async function writeSecrets(file: string): Promise<void> {
  const secrets = callsWithSecrets.map((call) => `${call}Secret:\n  key: ${secret}\n`);
  await writeFile(file, secrets.join(''));
}

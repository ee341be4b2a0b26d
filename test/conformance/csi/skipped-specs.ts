import type { SpecVersion } from '../../../src/csi/index.js';

const inNoVersion: Readonly<Record<string, string>> = {
  'Controller Service [Controller Server] ListVolumes pagination should detect volumes added between pages and accept tokens when the last volume from a page is deleted':
    'csi-sanity marks it as pending and never runs it',
};

const since113 = 'csi-sanity skips what came with CSI 1.13 where it is not offered';
const sinceVersion113: Readonly<Record<string, string>> = {
  'ControllerGetVolumeHealth [Controller Server] should fail when no volume id is provided': since113,
  'ControllerGetVolumeHealth [Controller Server] should return health for a valid volume': since113,
  'ControllerListVolumeHealth [Controller Server] should return appropriate response': since113,
  'Node Service NodeGetVolumeHealth should fail when no volume id is provided': since113,
  'Node Service NodeGetVolumeHealth should return health for a valid volume': since113,
  'Node Service NodeGetStorageHealth should return appropriate response': since113,
  'CreateSnapshot [Controller Server] should succeed when creating a snapshot with accessibility requirements':
    since113,
};

/** Specs that csi-sanity cannot run, by name, and why. All others have to run. */
export const skippedSpecs: Readonly<Record<SpecVersion, Readonly<Record<string, string>>>> = {
  '1.12': { ...inNoVersion, ...sinceVersion113 },
  '1.13': inNoVersion,
};

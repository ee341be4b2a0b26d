/** A call that a controller makes; `forget` calls nobody: what was begun turned out not to be there. */
export type OperationMethod =
  | 'createVolume'
  | 'deleteVolume'
  | 'controllerExpandVolume'
  | 'controllerModifyVolume'
  | 'controllerPublishVolume'
  | 'controllerUnpublishVolume'
  | 'nodeStageVolume'
  | 'nodeUnstageVolume'
  | 'nodePublishVolume'
  | 'nodeUnpublishVolume'
  | 'nodeExpandVolume'
  | 'createSnapshot'
  | 'deleteSnapshot'
  | 'forget';

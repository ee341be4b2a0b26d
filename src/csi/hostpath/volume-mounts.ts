import type { AccessType } from './volume-record.js';

/** How contents are shown at the paths that a CO wants them at. */
export interface VolumeMounts {
  /**
   * Makes `target`, in a folder that is there, and shows the content at it. Again, it makes what is missing of it: mounts
   * go when the machine restarts, and a crash may come between two steps.
   */
  show(content: string, target: string, accessType: AccessType, readonly: boolean): Promise<void>;
  /** Removes what is shown at `target`, and `target`. Either may be gone. What is in a folder is never removed. */
  hide(target: string): Promise<void>;
  /** After a content is shown nowhere. */
  release(content: string, accessType: AccessType): Promise<void>;
  /** After the file of a block device grew. */
  resize(content: string, accessType: AccessType): Promise<void>;
}

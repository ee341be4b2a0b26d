import type { AccessType } from './volume-record.js';

/** What is to be seen where. */
export interface Shown {
  /** The folder, or the file of a block device. */
  readonly content: string;
  readonly target: string;
  readonly accessType: AccessType;
  readonly readonly: boolean;
}

/** What is wrong at a target, in words for people and, CamelCase, for programs. */
export interface MountProblem {
  readonly reason: 'NotMounted' | 'OtherMounted' | 'LoopDeviceLost' | 'MountReadOnly';
  readonly message: string;
}

/**
 * How contents are shown at the paths that a CO wants them at. Callers let steps for one content come one after the other:
 * its targets share a loop device.
 */
export interface VolumeMounts {
  /**
   * Makes `target`, in a folder that is there, and shows the content at it. Again, it makes what is missing of it: mounts
   * go when the machine restarts, and a crash may come between two steps.
   *
   * Rejects with FAILED_PRECONDITION when there is something else at `target`, which is left as it is.
   */
  show(shown: Shown): Promise<void>;
  /**
   * Removes what is shown at `target`, and `target`. Either may be gone, and what is somebody else's is left.
   *
   * Rejects with FAILED_PRECONDITION when the folder at `target` has something in it, which is never removed.
   */
  hide(shown: Omit<Shown, 'readonly'>): Promise<void>;
  /** What is wrong with a content that was shown; undefined: nothing. */
  problemOf(shown: Shown): Promise<MountProblem | undefined>;
  /** After a content is shown nowhere. */
  release(content: string, accessType: AccessType): Promise<void>;
  /** After the file of a block device grew. */
  resize(content: string, accessType: AccessType): Promise<void>;
}

import type { CheckResult } from './check-result.js';

/** From text to text, as CSI has it. */
export type TextMap = { readonly [key: string]: string };

export interface ConformanceOptions {
  /** Names of checks, or patterns with `*`, such as `controller/*`: only these are run. Default: all. */
  readonly only?: readonly string[];
  /** Of CreateVolume. Default: none. */
  readonly parameters?: TextMap;
  /** Mutable parameters that volumes take. Without them the checks of ControllerModifyVolume are skipped. */
  readonly mutableParameters?: TextMap;
  /** Of CreateSnapshot and CreateVolumeGroupSnapshot. Default: none. */
  readonly snapshotParameters?: TextMap;
  /** For each call that takes secrets, by its name: `{ CreateVolume: { user: '...' } }`. Default: none. */
  readonly secrets?: { readonly [call: string]: TextMap };
  /** Bytes of the volumes that are made. Default 1 GiB. */
  readonly volumeSizeBytes?: bigint;
  /** How volumes are used. Default `mount`; block metadata is asked of block volumes in either case. */
  readonly accessType?: 'mount' | 'block';
  /** Where volumes are staged; the plugin and this process see it at the same path. Default: a new folder among the temporary ones. */
  readonly stagingFolder?: string;
  /** Where volumes are published, likewise. */
  readonly targetFolder?: string;
  /**
   * Kills the plugin with SIGKILL and starts it again; resolves when it has been started. Without it the checks that need it
   * are skipped.
   */
  readonly restart?: () => Promise<void>;
  /** Milliseconds that a call may take. Default 60,000. */
  readonly callTimeoutMs?: number;
  /** Volumes that are made at a time by the checks of concurrency. Default 100. */
  readonly parallelVolumes?: number;
  /** Ends the wait for the plugin, or the run after the check that is being made; what that made is taken back. */
  readonly signal?: AbortSignal;
  /** Hears of each check when it is done. */
  readonly onResult?: (result: CheckResult) => void;
}

import type { CopyOptions } from './copy-options.js';
import type { HostPathLogger } from './host-path-options.js';

const INTERVAL_MS = 5_000;

/** Logs how far a copy is, every five seconds, so that a quick one says nothing. */
export function reportCopy(
  logger: HostPathLogger | undefined,
  fields: { readonly from: string; readonly to: string },
  now: () => number = Date.now,
): NonNullable<CopyOptions['onProgress']> {
  let copied = 0n;
  let saidAt = now();
  return (bytes) => {
    copied += bytes;
    if (now() - saidAt < INTERVAL_MS) return;
    saidAt = now();
    logger?.info({ ...fields, copiedBytes: copied.toString() }, 'copying');
  };
}

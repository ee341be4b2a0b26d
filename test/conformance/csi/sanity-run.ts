import type { PeerProgram } from '../../interop/build-peers.js';
import { runCsiSanity, type SanitySpec } from './csi-sanity.js';
import { type PluginRun, runPlugin } from './plugin-run.js';
import type { SanitySetting } from './sanity-setting.js';
import { asUnprivileged } from './unprivileged.js';

export interface SanityRun extends PluginRun {
  readonly specs: readonly SanitySpec[];
}

/** Runs csi-sanity against a host-path plugin. */
export async function runSanity(csiSanity: string, podwire: PeerProgram, setting: SanitySetting): Promise<SanityRun> {
  const program = { command: csiSanity, args: [] };
  const { results, ...run } = await runPlugin(podwire, setting, (endpoint, folder) =>
    runCsiSanity(setting.user === 'root' ? program : asUnprivileged(program), endpoint, folder, setting.accessType),
  );
  return { ...run, specs: results };
}

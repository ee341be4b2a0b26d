import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { CheckResult, ConformanceReport } from '../../../src/csi/conformance/index.js';
import type { PeerProgram } from '../../interop/build-peers.js';
import { PeerProcess } from '../../interop/peer-process.js';
import { mutableParameter } from './csi-sanity.js';
import { HostPathProcess } from './host-path-process.js';
import { type PluginRun, runPlugin } from './plugin-run.js';
import { type SanitySetting, sanitySettings } from './sanity-setting.js';
import { asUnprivileged } from './unprivileged.js';
import { writeSecrets } from './write-secrets.js';

export interface CheckRun extends PluginRun {
  readonly checks: readonly CheckResult[];
}

/** Without mounts a volume is a link to its content in either access type, so one of them will do. */
export const checkSettings: readonly SanitySetting[] = sanitySettings.filter(
  ({ user, accessType }) => user === 'root' || accessType === 'mount',
);

/** Runs `podwire csi conformance` against a host-path plugin, which is killed on the way. */
export async function runChecks(podwire: PeerProgram, setting: SanitySetting): Promise<CheckRun> {
  const { results, ...run } = await runPlugin(podwire, setting, async (endpoint, folder) => {
    const file = (name: string) => path.join(folder, name);
    await writeSecrets(file('secrets.yaml'));
    const args = [
      ...['csi', 'conformance', endpoint, '--access-type', setting.accessType, '--secrets', file('secrets.yaml')],
      ...['--volume-size', '10Mi', '--mutable-parameters', `${mutableParameter}=100`],
      // In `folder` it is seen when something stays.
      ...['--node-staging-dir', folder, '--node-target-dir', folder],
      // It is started again as soon as it is gone.
      ...['--restart-command', `kill -KILL $(cat '${file(HostPathProcess.pid)}')`, '--json', file('report.json')],
    ];
    // Ends with 1 when a check failed; the report says which.
    await PeerProcess.output(setting.user === 'root' ? podwire : asUnprivileged(podwire), args, [0, 1]);
    return JSON.parse(await readFile(file('report.json'), 'utf8')) as ConformanceReport;
  });
  return { ...run, checks: results.results };
}

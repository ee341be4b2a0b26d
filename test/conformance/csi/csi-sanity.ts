import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { PeerProgram } from '../../interop/build-peers.js';
import { PeerProcess } from '../../interop/peer-process.js';
import { type JunitCase, parseJunitReport } from '../junit-report.js';
import { writeSecrets } from './write-secrets.js';

/** One spec, as csi-sanity calls its tests. */
export type SanitySpec = Pick<JunitCase, 'name' | 'outcome' | 'message'>;

const MEBIBYTE = 1024 ** 2;
/** A mutable parameter that the plugin has to know. */
export const mutableParameter = 'iops';

/**
 * Runs every spec that csi-sanity has against the plugin at `endpoint`, in an order of its own.
 *
 * @param folder takes its files, and the paths at which it wants volumes.
 * @returns the specs by name.
 */
export async function runCsiSanity(
  program: PeerProgram,
  endpoint: string,
  folder: string,
  accessType: 'mount' | 'block',
): Promise<SanitySpec[]> {
  const file = (name: string) => path.join(folder, name);
  await writeSecrets(file('secrets.yaml'));
  await writeFile(file('mutable.yaml'), `${mutableParameter}: "100"\n`);
  const args = [
    ...['--csi.endpoint', endpoint, '--csi.mountdir', file('mount'), '--csi.stagingdir', file('staging')],
    ...['--csi.testvolumeaccesstype', accessType, '--csi.secrets', file('secrets.yaml')],
    ...['--csi.testvolumesize', `${10 * MEBIBYTE}`, '--csi.testvolumeexpandsize', `${20 * MEBIBYTE}`],
    ...['--csi.testvolumemutableparameters', file('mutable.yaml'), '--csi.testnodevolumeattachlimit'],
    ...['--ginkgo.junit-report', file('report.xml'), '--ginkgo.no-color'],
  ];
  // Ends with 1 when a spec failed; the report says which.
  const printed = await PeerProcess.output(program, args, [0, 1]);
  const specs = parseJunitReport(await readFile(file('report.xml'), 'utf8'))
    // The others are what Ginkgo does before and after all of them.
    .filter(({ name, outcome }) => name.startsWith('[It] ') || outcome === 'failed')
    .map(({ name, outcome, message }): SanitySpec => ({ name: name.replace('[It] ', ''), outcome, message }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const total = Number(/^Ran \d+ of (\d+) Specs/m.exec(printed)?.[1]);
  if (specs.length !== total) {
    throw new Error(`csi-sanity has ${total} specs; its report has ${specs.length}:\n${printed}`);
  }
  return specs;
}

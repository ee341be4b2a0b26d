/**
 * `npm run conformance:csi`: runs csi-sanity against the host-path plugin, prints what came out and writes its part of
 * docs/conformance.md. With `--check` the page must be what it is already. Ends with 1 when a spec failed (where csi-sanity is
 * wrong: in another way), when others were skipped than cannot run, when something was left behind, or when the page differs.
 * Needs root and Go.
 */
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { buildGoTools } from '../build-go-tools.js';
import { Tally } from '../tally.js';
import { brokenSpecs } from './broken-specs.js';
import { makeLoopDevices } from './loop-devices.js';
import { sanityPart } from './sanity-part.js';
import { runSanity, type SanityRun } from './sanity-run.js';
import { describeSetting, sanitySettings } from './sanity-setting.js';
import { skippedSpecs } from './skipped-specs.js';

if (process.geteuid?.() !== 0) throw new Error('this mounts volumes and changes users: run it as root');

console.log('building csi-sanity');
const tools = await buildGoTools(
  path.join(import.meta.dirname, 'tools'),
  path.join(import.meta.dirname, '../.cache/csi'),
);
await makeLoopDevices();

const tally = new Tally();
const runs: SanityRun[] = [];
for (const setting of sanitySettings) {
  const name = `csi-sanity, ${describeSetting(setting)}`;
  console.log(name);
  const run = await runSanity(tools.program('csi-sanity'), setting);
  runs.push(run);
  for (const spec of run.specs) {
    if (spec.outcome === 'skipped') continue;
    const broken = brokenSpecs[spec.name];
    if (broken === undefined) tally.count(`${name}: ${spec.name}`, spec.outcome === 'passed', spec.message);
    else
      tally.count(`${name}: how ${spec.name} fails`, broken.says.test(spec.message ?? ''), spec.message ?? 'it passed');
  }
  const skipped = run.specs.filter(({ outcome }) => outcome === 'skipped').map((spec) => spec.name);
  const expected = Object.keys(skippedSpecs[setting.specVersion]);
  tally.count(
    `${name}: what is skipped`,
    isDeepStrictEqual(skipped.toSorted(), expected.toSorted()),
    `differs from csi/skipped-specs.ts: ${[...skipped].join('; ')}`,
  );
  tally.count(`${name}: what is left behind`, run.left.length === 0, run.left.join(', '));
  const { lines, stripped, withSecret } = run.log;
  // Each spec that ran has called something.
  const logged = lines > run.specs.length - skipped.length && stripped > 0 && withSecret === 0;
  const found = `${withSecret} of its ${lines} lines have a secret, ${stripped} one that was taken out`;
  tally.count(`${name}: the plugin's log`, logged, found);
}
await tally.finish('conformance:csi', sanityPart(tools.versionOf('github.com/kubernetes-csi/csi-test/v5'), runs));

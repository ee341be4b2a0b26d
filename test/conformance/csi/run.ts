/**
 * `npm run conformance:csi`: runs csi-sanity and `podwire csi conformance` against the host-path plugin, prints what came out
 * and writes its part of docs/conformance.md. With `--check` the page must be what it is already. Ends with 1 when a spec or a
 * check failed (where csi-sanity is wrong: in another way), when others were skipped than cannot run, when something was left
 * behind, or when the page differs. Needs root and Go.
 */
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { PeerProgram } from '../../interop/build-peers.js';
import { compileTypeScript } from '../../interop/compile-typescript.js';
import { buildGoTools } from '../build-go-tools.js';
import { Tally } from '../tally.js';
import { brokenSpecs } from './broken-specs.js';
import { checkPart } from './check-part.js';
import { type CheckRun, checkSettings, runChecks } from './check-run.js';
import { makeLoopDevices } from './loop-devices.js';
import type { PluginRun } from './plugin-run.js';
import { sanityPart } from './sanity-part.js';
import { runSanity, type SanityRun } from './sanity-run.js';
import { describeSetting, type SanitySetting, sanitySettings } from './sanity-setting.js';
import { skippedChecks } from './skipped-checks.js';
import { skippedSpecs } from './skipped-specs.js';

if (process.geteuid?.() !== 0) throw new Error('this mounts volumes and changes users: run it as root');

console.log('building csi-sanity and podwire');
const tools = await buildGoTools(
  path.join(import.meta.dirname, 'tools'),
  path.join(import.meta.dirname, '../.cache/csi'),
);
const main = await compileTypeScript(path.resolve(import.meta.dirname, '../../../src/cli/main.ts'));
const podwire: PeerProgram = { command: process.execPath, args: [main] };
await makeLoopDevices();

const tally = new Tally();
const sanityRuns: SanityRun[] = [];
for (const setting of sanitySettings) {
  const name = `csi-sanity, ${describeSetting(setting)}`;
  console.log(name);
  const run = await runSanity(tools.program('csi-sanity'), podwire, setting);
  sanityRuns.push(run);
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
  countRun(name, run, run.specs.length - skipped.length);
}

const checkRuns: CheckRun[] = [];
for (let next = 0; next < checkSettings.length; next += 2) {
  // Over a path and an abstract name at a time: plugins mostly start here, on one core each.
  const pair = checkSettings.slice(next, next + 2);
  for (const setting of pair) console.log(nameOfChecks(setting));
  const runs = pair.map((setting) => runChecks(podwire, setting));
  // If one fails the other still takes away what it has made.
  await Promise.allSettled(runs);
  checkRuns.push(...(await Promise.all(runs)));
}
for (const run of checkRuns) {
  const name = nameOfChecks(run.setting);
  const skipped: Record<string, string> = {};
  for (const check of run.checks) {
    if (check.outcome === 'skipped') skipped[check.name] = check.reason;
    else tally.count(`${name}: ${check.name}`, check.outcome === 'passed', JSON.stringify(check));
  }
  tally.count(
    `${name}: what is skipped`,
    isDeepStrictEqual(skipped, skippedChecks(run.setting)),
    `differs from csi/skipped-checks.ts: ${JSON.stringify(skipped)}`,
  );
  countRun(name, run, run.checks.length - Object.keys(skipped).length);
}

const csiTest = tools.versionOf('github.com/kubernetes-csi/csi-test/v5');
await tally.finish('conformance:csi', `${sanityPart(csiTest, sanityRuns)}\n${checkPart(checkRuns)}`);

function nameOfChecks(setting: SanitySetting): string {
  return `podwire csi conformance, ${describeSetting(setting)}`;
}

/** @param tests how many ran, each of which has called something. */
function countRun(name: string, { left, log: { lines, stripped, withSecret } }: PluginRun, tests: number): void {
  tally.count(`${name}: what is left behind`, left.length === 0, left.join(', '));
  const logged = lines > tests && stripped > 0 && withSecret === 0;
  const found = `${withSecret} of its ${lines} lines have a secret, ${stripped} one that was taken out`;
  tally.count(`${name}: the plugin's log`, logged, found);
}

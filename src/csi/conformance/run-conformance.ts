import { mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '../../endpoint/endpoint.js';
import type { Check, Need } from './check.js';
import type { CheckResult } from './check-result.js';
import { chooseChecks } from './choose-checks.js';
import type { ConformanceOptions } from './conformance-options.js';
import { Subject } from './subject.js';
import { Trial, type TrialFolders } from './trial.js';
import { Unmet } from './unmet.js';
import { Untestable } from './untestable.js';

/** What was found out about a plugin. */
export interface ConformanceReport {
  /** The plugin's name and version, as it says them. */
  readonly plugin: { readonly name: string; readonly version: string };
  readonly results: readonly CheckResult[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** The signal ended it before all checks were made. */
  readonly interrupted: boolean;
}

/**
 * Checks a CSI plugin, in any language, by calling it: what it advertises is tested, one check after the other, and all that
 * a check made is taken back after it. Checks whose needs are not met, and those that `only` leaves out, are skipped or not
 * listed, in this order.
 *
 * Rejects with RpcError when there is no plugin, CANCELLED when the signal ended the wait for it, EndpointError for a spelling that is not clear, RangeError when `only` names
 * nothing.
 */
export async function runConformance(
  endpoint: string | Endpoint,
  options: ConformanceOptions = {},
): Promise<ConformanceReport> {
  const chosen = chooseChecks(options.only);
  const subject = await Subject.connect(endpoint, options);
  const results: CheckResult[] = [];
  try {
    for (const check of chosen) {
      const result = await runCheck(subject, check, options);
      results.push(result);
      options.onResult?.(result);
    }
  } finally {
    await subject.close();
  }
  const count = (outcome: CheckResult['outcome']) => results.filter((result) => result.outcome === outcome).length;
  return {
    plugin: { name: subject.name, version: subject.version },
    results,
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
    interrupted: options.signal?.aborted ?? false,
  };
}

async function runCheck(
  subject: Subject,
  { name, needs, run }: Check,
  options: ConformanceOptions,
): Promise<CheckResult> {
  const missing = needs.find((need) => !subject.meets.has(need));
  if (missing !== undefined) return { name, outcome: 'skipped', reason: whyNot(missing) };
  if (options.signal?.aborted) return { name, outcome: 'skipped', reason: 'the run was ended before' };
  subject.record.take();
  const newFolder = (inside = tmpdir()) => mkdtemp(join(inside, 'conformance-'));
  const staging = await newFolder(options.stagingFolder);
  const target = await newFolder(options.targetFolder);
  try {
    return await attempt(subject, name, run, { staging, target });
  } finally {
    for (const path of [staging, target]) await removeEmptyFolders(path);
  }
}

async function attempt(subject: Subject, name: string, run: Check['run'], folders: TrialFolders): Promise<CheckResult> {
  let failure: unknown;
  let calls: string[] = [];
  try {
    await run(new Trial(subject, folders));
  } catch (error) {
    failure = error;
    calls = subject.record.take();
  }
  const problems = await subject.created.clean(subject.clients);
  if (failure === undefined && problems.length > 0) {
    failure = new Unmet('that what a check made can be taken back', problems.join('; '));
    calls = subject.record.take();
  }
  if (failure === undefined) return { name, outcome: 'passed' };
  if (failure instanceof Untestable) return { name, outcome: 'skipped', reason: failure.message };
  const { expected, received } =
    failure instanceof Unmet ? failure : { expected: 'OK', received: (failure as Error).message };
  return { name, outcome: 'failed', expected, received, calls };
}

/** Never what is in them: if the plugin left a mount or a link, that would be the content of a volume. */
async function removeEmptyFolders(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await rmdir(join(path, entry.name)).catch(() => {});
  }
  await rmdir(path).catch(() => {});
}

function whyNot(need: Need): string {
  switch (need) {
    case 'node':
      return 'the plugin serves no node';
    case 'topology':
      return 'the plugin does not advertise VOLUME_ACCESSIBILITY_CONSTRAINTS';
    case 'online or offline expansion':
      return 'the plugin does not say when volumes can grow';
    case 'option restart':
      return 'nobody said how to kill and start the plugin: --restart-command';
    case 'option mutableParameters':
      return 'no mutable parameters were given: --mutable-parameters';
    case 'mount volumes':
      return 'volumes are used as block devices here';
    default:
      return `the plugin does not advertise ${need.slice(need.indexOf(' ') + 1)}${need.startsWith('service') ? '' : ` on its ${need.slice(0, need.indexOf(' '))} service`}`;
  }
}

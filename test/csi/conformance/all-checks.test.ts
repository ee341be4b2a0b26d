import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allChecks } from '../../../src/csi/conformance/all-checks.js';
import type { ConformanceOptions } from '../../../src/csi/conformance/conformance-options.js';
import { runConformance } from '../../../src/csi/conformance/run-conformance.js';
import { faults } from './faults.js';
import { type FaultyPlugin, startFaultyPlugin } from './faulty-plugin.js';

const folder = mkdtempSync(join(tmpdir(), 'podwire-conformance-'));
let plugin: FaultyPlugin;

beforeAll(async () => {
  plugin = await startFaultyPlugin(folder);
});

afterAll(async () => {
  await plugin.close();
  rmSync(folder, { recursive: true });
});

function run(options: ConformanceOptions = {}) {
  return runConformance(plugin.endpoint, {
    volumeSizeBytes: 2n ** 20n,
    mutableParameters: { iops: '100' },
    parallelVolumes: 20,
    restart: () => plugin.restart(),
    // A fault may leave something where volumes were used.
    stagingFolder: folder,
    targetFolder: folder,
    ...options,
  });
}

it('have names of their own, after the part they belong to', () => {
  const names = allChecks.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !/^[a-z]+\/[a-z0-9-]+$/.test(name))).toEqual([]);
});

it('pass, and none is skipped, while nothing is wrong', async () => {
  plugin.breakWith(undefined);
  const { results, passed, plugin: found } = await run();
  expect(results.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
  expect(passed).toBe(allChecks.length);
  expect(found.name).toBe('hostpath.csi.podwire');
});

it('have each a fault that makes them fail', () => {
  const broken = new Set(faults.flatMap(({ breaks }) => breaks));
  expect(allChecks.map(({ name }) => name).filter((name) => !broken.has(name))).toEqual([]);
});

describe('find that', () => {
  it.each(faults.map((fault) => [fault.what, fault] as const))('%s', async (_, { breaks, make }) => {
    plugin.breakWith(make());
    const { results } = await run({ only: breaks });
    const outcomes = results.map((result) => [result.name, result.outcome]);
    expect(outcomes.sort()).toEqual(breaks.map((name) => [name, 'failed']).sort());
    // By what was expected, not by an error of the check itself.
    for (const result of results)
      if (result.outcome === 'failed') expect(result.received).not.toMatch(/TypeError|undefined/);
  });
});

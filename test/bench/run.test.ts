import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../bench/harness/run-record.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

// The figures of so short a run mean nothing; that there are some does.
const short = ['--rounds', '1', '--seconds', '0.2', '--warm-up', '0.1'];
const peers = ['podwire', 'bare net', 'grpc-js', 'nice-grpc', 'connect-node', 'grpc-js over podwire'];
const scenarios = [
  'unary 64 B, 16 in flight',
  'bidirectional ping-pong',
  'connection set-up',
  'import and first call',
  'grpc-js client over podwire',
  'several processes',
  'host-path plugin, life cycles',
];

describe('npm run bench', { timeout: 300_000 }, () => {
  let folder: string;
  let table: string;
  let record: RunRecord & { goals: { goal: string; measured: string }[] };

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'podwire-bench-test-'));
    const json = path.join(folder, 'result.json');
    const options = [
      ...short,
      ...peers.flatMap((name) => ['--peer', name]),
      ...scenarios.flatMap((name) => ['--scenario', name]),
    ];
    // Ends with 1 if anything failed, which rejects with what it said.
    ({ stdout: table } = await run('npm', ['run', '--silent', 'bench', '--', ...options, '--json', json], {
      cwd: root,
      maxBuffer: 1 << 24,
    }));
    record = JSON.parse(readFileSync(json, 'utf8'));
  }, 300_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(['unary 64 B, 16 in flight', 'bidirectional ping-pong', 'connection set-up'])(
    'has figures of every peer for %s',
    (start) => {
      const name = Object.keys(record.outcomes).find((key) => key.startsWith(start)) ?? '';
      const outcomes = record.outcomes[name];
      expect(Object.keys(outcomes)).toEqual(peers.filter((peer) => peer !== 'grpc-js over podwire'));
      for (const [outcome] of Object.values(outcomes)) {
        expect(outcome).toMatchObject({
          perSecond: expect.any(Number),
          clientPeak: expect.any(Number),
          serverPeak: expect.any(Number),
        });
        expect(table).toContain(name);
      }
    },
  );

  it('runs what is not a load of one peer', () => {
    expect(Object.keys(record.outcomes)).toHaveLength(scenarios.length);
    const names = Object.values(record.outcomes).flatMap((contenders) => Object.keys(contenders));
    expect(names).toEqual(
      expect.arrayContaining(['grpc-js client over podwire', 'podwire, 2 processes', 'shown by symlinks']),
    );
  });

  it('says what each peer is, and which goals are reached', () => {
    expect(Object.keys(record.versions)).toEqual(peers);
    expect(record.goals.find(({ goal }) => goal === 'at least 5 x grpc-js alone')?.measured).toMatch(/x grpc-js alone/);
    expect(table).toContain('| at least 12 x grpc-js');
  });
});

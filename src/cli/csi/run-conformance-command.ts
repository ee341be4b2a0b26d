import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { type CheckResult, runConformance } from '../../csi/conformance/index.js';
import { Code, type ConnectFailedEvent, channelEvents, RpcError } from '../../index.js';
import type { Terminal } from '../terminal.js';
import type { ConformanceSettings } from './conformance-command.js';
import { describeCheckResult } from './describe-check-result.js';

/**
 * Runs the checks and prints what becomes of each.
 *
 * Rejects when there is no plugin, or the file for the results cannot be written.
 *
 * @returns whether nothing failed, and all was run.
 */
export async function runConformanceCommand(
  { endpoint, options, restartCommand, json }: ConformanceSettings,
  terminal: Terminal,
): Promise<boolean> {
  const interrupted = new AbortController();
  // The second one ends the process at once.
  const interrupt = (): void => {
    terminal.stderr.write('podwire: interrupted; taking back what was made\n');
    interrupted.abort();
  };
  // Without a reader it ends as well, and leaves as little behind.
  const signal = AbortSignal.any([interrupted.signal, terminal.unread]);
  // A plugin may be about to start. Said once; later it may be a check that has it killed.
  const waiting = ({ error }: ConnectFailedEvent): void => {
    channelEvents.connectFailed.unsubscribe(waiting);
    terminal.stderr.write(`podwire: waiting for the plugin: ${(error as Error).message}\n`);
  };
  const print = (result: CheckResult): void => {
    channelEvents.connectFailed.unsubscribe(waiting);
    terminal.stdout.write(describeCheckResult(result, endpoint));
  };
  channelEvents.connectFailed.subscribe(waiting);
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const report = await runConformance(endpoint, {
      ...options,
      signal,
      onResult: print,
      ...(restartCommand !== undefined && { restart: () => runInShell(restartCommand) }),
    });
    const { passed, failed, skipped } = report;
    terminal.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
    if (json !== undefined) await writeFile(json, `${JSON.stringify({ endpoint, ...report }, null, 2)}\n`);
    return failed === 0 && !report.interrupted;
  } catch (error) {
    if (signal.aborted && error instanceof RpcError && error.code === Code.CANCELLED) return false;
    throw error;
  } finally {
    channelEvents.connectFailed.unsubscribe(waiting);
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** What it starts may go on; its output is not waited for. */
function runInShell(command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0) return resolve();
      reject(new Error(`--restart-command ended with ${code === null ? signal : `status ${code}`}`));
    });
  });
}

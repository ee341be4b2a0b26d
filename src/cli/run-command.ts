import { CommanderError } from 'commander';
import { commandLine } from './command-line.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

/** What the command did. `unread` is what a shell tells of a program that SIGPIPE, 13, has ended; Node ignores that signal. */
export const exitCodes = { done: 0, failed: 1, usage: 2, unread: 128 + 13 } as const;

/**
 * Runs the `podwire` command.
 *
 * @param args without the program: `['csi', 'hostpath', '--help']`.
 * @returns the exit status: 0 done, 1 it failed or a check did, 2 the command line cannot be understood.
 */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  let status: number = exitCodes.done;
  const program = commandLine(terminal, (outcome) => {
    status = outcome;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError && !(error instanceof UsageError)) {
      // Help and version were asked for; commander has printed what there is to say, also of mistakes.
      return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    }
    terminal.stderr.write(`podwire: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
  }
}

import { execFileSync } from 'node:child_process';
import type { TestContext } from 'vitest';

/** Skips where root, the command, or the right to use it, is missing; a skipped case fails the whole check of the project. */
export function needs(context: TestContext, command: readonly string[]): void {
  const [program = '', ...args] = command;
  let missing: string | undefined = process.geteuid?.() === 0 ? undefined : 'root';
  try {
    execFileSync(program, [...args, 'true'], { stdio: 'ignore' });
  } catch {
    missing ??= `${command.join(' ')}, which fails here`;
  }
  context.skip(missing !== undefined, `needs ${missing}`);
}

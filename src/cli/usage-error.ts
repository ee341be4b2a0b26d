import { InvalidArgumentError } from 'commander';

/**
 * The command line cannot be understood. The message says what to write; thrown where an option is read, commander puts
 * before it which one it was.
 */
export class UsageError extends InvalidArgumentError {
  override name = 'UsageError';
}

import type { Operation } from './operation.js';

/** What keeps an object from being as it should be, until the plugin or what is desired changes. */
export interface Problem {
  /** Which of the object's conditions it is about. */
  readonly about: 'created' | 'published' | 'sized' | 'modified' | 'present' | 'deleted';
  /** In words. */
  readonly message: string;
}

/** What follows from what is desired and what is known. */
export interface Decision<Next extends Operation = Operation> {
  /** What can be done now, the most urgent first; each alone. */
  readonly operations: readonly Next[];
  readonly problems: readonly Problem[];
  /** What has to be done first on other objects, in words. */
  readonly waitsFor: readonly string[];
}

/** All is as it should be. */
export function isSettled({ operations, problems, waitsFor }: Decision): boolean {
  return operations.length === 0 && problems.length === 0 && waitsFor.length === 0;
}

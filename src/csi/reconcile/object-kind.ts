import type { ConnectedPlugin } from '../controller/connected-plugin.js';
import type { CallOptions } from './call-for-volume.js';
import type { ErrorClass } from './classify-error.js';
import type { Decision } from './decision.js';
import type { Operation } from './operation.js';
import type { Outcome } from './outcome.js';
import type { PluginFacts } from './plugin-facts.js';

/** What volumes and snapshots differ in, for the one who leads both to what is desired. Reads and writes are the store's. */
export interface ObjectKind<State extends object, Next extends Operation, Answer> {
  readonly name: 'volume' | 'snapshot';
  /** All that are desired or known. */
  names(): Iterable<string>;
  decide(name: string, plugin: PluginFacts): Decision<Next>;
  /** Whether somebody wants it. */
  isDesired(name: string): boolean;
  get(name: string): State | undefined;
  put(state: State): void;
  remove(name: string): void;
  begin(name: string, state: State | undefined, operation: Next): State;
  call(
    plugin: Pick<ConnectedPlugin, 'controller' | 'node'>,
    state: State,
    operation: Next,
    options: CallOptions,
  ): Promise<Answer>;
  /** In a transaction. */
  complete(state: State, operation: Next, answer: Answer): Outcome<State>;
  fail(state: State, operation: Next, error: ErrorClass): State;
  /** It is not done yet, and is to be asked for again; a reason in words. */
  unfinished(state: State, operation: Next): string | undefined;
  /** Keys of the objects whose decisions depend on this one. */
  relatives(name: string): Iterable<string>;
}

/** Of an object, among all of a controller. */
export function objectKey(kind: 'volume' | 'snapshot', name: string): string {
  return `${kind} ${name}`;
}

export function parseObjectKey(key: string): { readonly kind: 'volume' | 'snapshot'; readonly name: string } {
  const end = key.indexOf(' ');
  return { kind: key.slice(0, end) as 'volume' | 'snapshot', name: key.slice(end + 1) };
}

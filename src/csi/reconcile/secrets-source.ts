import type { OperationMethod } from './operation-method.js';

/** A call that may need secrets. */
export interface SecretsRequest {
  readonly kind: 'volume' | 'snapshot';
  /** Of the object; empty for a list. */
  readonly name: string;
  readonly method: OperationMethod | 'listSnapshots';
}

/** Gives the secrets for a call. They are in no store, log or event. */
export type SecretsSource = (
  request: SecretsRequest,
) => { readonly [key: string]: string } | undefined | Promise<{ readonly [key: string]: string } | undefined>;

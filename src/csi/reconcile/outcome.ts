/** What is known after a call succeeded. */
export interface Outcome<State> {
  /** Undefined: the object is gone. */
  readonly state: State | undefined;
  /** What is wrong with the answer, which counts as a failure of the operation; what came of it is in `state`. */
  readonly complaint?: string;
}

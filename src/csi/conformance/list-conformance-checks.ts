import { chooseChecks } from './choose-checks.js';

/** A check that `runConformance` makes. */
export interface ConformanceCheck {
  /** What is expected: `controller/a-volume-is-deleted-twice`. */
  readonly name: string;
  /** What a plugin has to advertise for it, or its caller to give: `controller CREATE_DELETE_VOLUME`, `option restart`. */
  readonly needs: readonly string[];
}

/**
 * The checks, in the order in which they are made.
 *
 * @param only patterns such as `controller/*`. Default: all.
 * @throws RangeError for a pattern that names none.
 */
export function listConformanceChecks(only?: readonly string[]): ConformanceCheck[] {
  return chooseChecks(only).map(({ name, needs }) => ({ name, needs }));
}

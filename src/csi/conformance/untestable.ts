/** A check finds when it runs that there is nothing to check; it is skipped for this reason. */
export class Untestable extends Error {
  override readonly name = 'Untestable';
}

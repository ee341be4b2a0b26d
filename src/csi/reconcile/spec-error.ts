/** Something that is desired cannot be. */
export class SpecError extends TypeError {
  static {
    Object.defineProperty(SpecError.prototype, 'name', { value: 'SpecError', configurable: true });
  }

  /** Where in what was given: `['publish', 0, 'target']`. */
  readonly path: readonly (string | number)[];
  readonly problem: string;

  constructor(path: readonly (string | number)[], problem: string) {
    super(path.length === 0 ? problem : `${printPath(path)}: ${problem}`);
    this.path = path;
    this.problem = problem;
  }
}

/** `publish[0].target` */
function printPath(path: readonly (string | number)[]): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
}

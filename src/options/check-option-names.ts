/** The names of some options; of one that is an object, `true` or an object with the names in it. */
export type OptionNames<Options> = { readonly [Name in keyof Options]-?: true | object };

/**
 * Refuses an option that nobody reads: whoever sets one counts on it, and a policy that is mistyped would let everybody in.
 * One that is undefined says nothing, and is let pass.
 *
 * @param owner whose options they are, for errors: `a server`.
 * @throws TypeError that names the option, and the one that was probably meant.
 */
export function checkOptionNames<Options>(owner: string, options: Options, known: OptionNames<Options>): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`the options of ${owner} are an object, not ${String(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    const meant = likeliest(name, paths(known));
    const hint = meant === undefined ? `its options are ${Object.keys(known).join(', ')}` : `write ${meant}`;
    throw new TypeError(`${owner} has no option "${name}"; ${hint}`);
  }
}

/** The one of `known` names, such as `allowPeer` or `limits.maxFrameSize`, that is written most alike, if any is alike. */
export function likeliest(name: string, known: readonly string[]): string | undefined {
  const typed = name.toLowerCase();
  let best: string | undefined;
  let fewest = Math.floor(typed.length / 3) + 1;
  for (const path of known) {
    const changes = distance(typed, path.slice(path.lastIndexOf('.') + 1).toLowerCase());
    if (changes >= fewest) continue;
    fewest = changes;
    best = path;
  }
  return best;
}

function paths(known: object): string[] {
  const inner = Object.entries(known).flatMap(([name, value]) =>
    typeof value === 'object' ? Object.keys(value).map((key) => `${name}.${key}`) : [],
  );
  return [...Object.keys(known), ...inner];
}

/** Letters to add, take away or replace (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let index = 0; index < one.length; index++) {
    const next = [index + 1];
    for (let column = 0; column < other.length; column++) {
      const replaced = row[column]! + (one[index] === other[column] ? 0 : 1);
      next.push(Math.min(replaced, row[column + 1]! + 1, next[column]! + 1));
    }
    row = next;
  }
  return row[other.length]!;
}

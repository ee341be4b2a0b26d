import type { Figure, Figures } from './figures.js';
import { type Quartiles, quartiles } from './quartiles.js';

/** What a contender gave in one round: figures, or why there are none. */
export type Outcome = Figures | { readonly error: string };

/** Everything that one run has measured. */
export class Results {
  /** By scenario and contender; the place in the list is the round. */
  readonly #outcomes = new Map<string, Map<string, Outcome[]>>();

  static from(outcomes: Readonly<Record<string, Readonly<Record<string, readonly Outcome[]>>>>): Results {
    const results = new Results();
    for (const [scenario, contenders] of Object.entries(outcomes)) {
      for (const [contender, all] of Object.entries(contenders)) {
        for (const outcome of all) results.add(scenario, contender, outcome);
      }
    }
    return results;
  }

  add(scenario: string, contender: string, outcome: Outcome): void {
    let contenders = this.#outcomes.get(scenario);
    if (contenders === undefined) this.#outcomes.set(scenario, (contenders = new Map()));
    contenders.set(contender, [...(contenders.get(contender) ?? []), outcome]);
  }

  contenders(scenario: string): readonly string[] {
    return [...(this.#outcomes.get(scenario)?.keys() ?? [])];
  }

  /** Over the rounds that succeeded; undefined if there is none. */
  figure(scenario: string, contender: string, figure: Figure): Quartiles | undefined {
    return quartiles(this.#values(scenario, contender, figure).filter((value) => value !== undefined));
  }

  /** `contender` divided by `other`, round by round, so that a slow minute of the machine counts for both. */
  ratio(scenario: string, contender: string, other: string, figure: Figure): Quartiles | undefined {
    const others = this.#values(scenario, other, figure);
    const ratios = this.#values(scenario, contender, figure).flatMap((value, round) => {
      const divisor = others[round];
      return value === undefined || divisor === undefined || divisor === 0 ? [] : [value / divisor];
    });
    return quartiles(ratios);
  }

  /** The first error of a contender and in how many rounds there was one. */
  failures(scenario: string, contender: string): { readonly count: number; readonly error: string } | undefined {
    const errors = (this.#outcomes.get(scenario)?.get(contender) ?? []).flatMap((outcome) =>
      'error' in outcome ? [outcome.error] : [],
    );
    return errors.length === 0 ? undefined : { count: errors.length, error: errors[0] };
  }

  /** Whether anything failed in any round. */
  get failed(): boolean {
    return [...this.#outcomes.values()].some((contenders) =>
      [...contenders.values()].some((outcomes) => outcomes.some((outcome) => 'error' in outcome)),
    );
  }

  /** By scenario and contender, one entry a round. */
  outcomes(): Record<string, Record<string, Outcome[]>> {
    return Object.fromEntries(
      [...this.#outcomes].map(([scenario, contenders]) => [scenario, Object.fromEntries(contenders)]),
    );
  }

  /** Quartiles of every figure, and the ratios of the first contender and of bare `net` to each. */
  medians(): object {
    const all: Record<string, Record<string, object>> = {};
    for (const [scenario, contenders] of this.#outcomes) {
      all[scenario] = {};
      const [base] = contenders.keys();
      for (const [contender, outcomes] of contenders) {
        const names = new Set(
          outcomes.flatMap((outcome) => ('error' in outcome ? [] : (Object.keys(outcome) as Figure[]))),
        );
        const of = (compute: (figure: Figure) => Quartiles | undefined): object =>
          Object.fromEntries([...names].map((name) => [name, compute(name)]));
        all[scenario][contender] = {
          figures: of((name) => this.figure(scenario, contender, name)),
          [`${base} / this`]: of((name) => this.ratio(scenario, base, contender, name)),
          'this / bare net': of((name) => this.ratio(scenario, contender, 'bare net', name)),
        };
      }
    }
    return all;
  }

  #values(scenario: string, contender: string, figure: Figure): (number | undefined)[] {
    const outcomes = this.#outcomes.get(scenario)?.get(contender) ?? [];
    return outcomes.map((outcome) => ('error' in outcome ? undefined : outcome[figure]));
  }
}

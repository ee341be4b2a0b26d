/** The options of a program of the benchmark, all of the form `--name=value`. */
export class ProgramOptions {
  readonly #values: ReadonlyMap<string, string>;

  constructor(args: readonly string[] = process.argv.slice(2)) {
    this.#values = new Map(
      args.map((option) => {
        const parts = /^--([a-z-]+)=(.*)$/s.exec(option);
        if (parts === null) throw new Error(`options are written --name=value, not ${JSON.stringify(option)}`);
        return [parts[1], parts[2]];
      }),
    );
  }

  text(name: string, otherwise?: string): string {
    const value = this.#values.get(name) ?? otherwise;
    if (value === undefined) throw new Error(`the option --${name}= is missing`);
    return value;
  }

  number(name: string, otherwise?: number): number {
    const value = Number(this.#values.get(name) ?? otherwise);
    if (!(value >= 0)) throw new Error(`the option --${name}= has to be a number`);
    return value;
  }
}

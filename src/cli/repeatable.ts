import { Option } from 'commander';

/** An option that may be given several times; its values are a list in that order. */
export function repeatable<Value>(flags: string, description: string, parse: (text: string) => Value): Option {
  return new Option(flags, description).argParser((text, values: readonly Value[] = []) => [...values, parse(text)]);
}

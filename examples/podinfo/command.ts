import { hostname, loadavg, uptime } from 'node:os';

/** What one container lets its neighbours ask for. Computed here; no shell and no process ever sees the arguments. */
const commands: { readonly [name: string]: (...words: string[]) => string } = {
  echo: (...words) => words.join(' '),
  hostname: () => hostname(),
  load: () =>
    loadavg()
      .map((load) => load.toFixed(2))
      .join(' '), // over 1, 5 and 15 minutes
  uptime: () => `${Math.floor(uptime())} s`,
};

/** @throws Error with a message for the caller, when there is no such command. */
export function runCommand(name: string, words: readonly string[]): string {
  // hasOwn: `constructor` is no command.
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    throw new Error(`there is no command ${JSON.stringify(name)}; there are ${Object.keys(commands).join(', ')}`);
  }
  return command(...words);
}

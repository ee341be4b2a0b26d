export interface RequestMessage {
  readonly id: number;
  readonly name: string;
  readonly parameters: readonly unknown[];
}

export interface ReplyMessage {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Runs the commands that the parent of this process asks for, and ends with it. */
export function answerRequests(commands: { readonly [name: string]: (...parameters: never[]) => unknown }): void {
  process.on('message', async ({ id, name, parameters }: RequestMessage) => {
    let reply: ReplyMessage;
    try {
      reply = { id, result: await commands[name](...(parameters as never[])) };
    } catch (error) {
      reply = { id, error: String(error) };
    }
    process.send?.(reply, () => {});
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ id: 0 } satisfies ReplyMessage);
}

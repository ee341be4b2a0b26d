import type { EventChannel } from '../../src/socket/event-channel.js';

interface Recorded {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it expects
  readonly message: any;
}

/** Keeps what is published on a group of channels about one address, until it is disposed of. */
export function recordEvents(
  // biome-ignore lint/suspicious/noExplicitAny: channels of every kind of message
  group: Readonly<Record<string, EventChannel<any>>>,
  address?: string,
): Disposable & { readonly events: Recorded[]; readonly names: string[]; of(name: string): Recorded['message'][] } {
  const events: Recorded[] = [];
  const subscriptions = Object.entries(group).map(([name, channel]) => {
    const listener = (message: object): void => {
      const { address: at, peer } = message as { address?: string; peer?: { endpoint: string } };
      // A copy: the end of a call is its start with more in it.
      if (address === undefined || (at ?? peer?.endpoint) === address) events.push({ name, message: { ...message } });
    };
    channel.subscribe(listener);
    return () => channel.unsubscribe(listener);
  });
  return {
    events,
    get names() {
      return events.map(({ name }) => name);
    },
    of: (name) => events.filter((event) => event.name === name).map(({ message }) => message),
    [Symbol.dispose]: () => {
      for (const unsubscribe of subscriptions) unsubscribe();
    },
  };
}

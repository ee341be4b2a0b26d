/**
 * A channel of `node:diagnostics_channel`, with the type of its messages. `diagnostics_channel.subscribe(name, ...)` hears the
 * same. What a subscriber throws becomes an uncaught exception, outside of the call or connection that it heard of.
 */
export interface EventChannel<Message> {
  readonly name: string | symbol;
  readonly hasSubscribers: boolean;
  subscribe(onMessage: (message: Message, name: string | symbol) => void): void;
  unsubscribe(onMessage: (message: Message, name: string | symbol) => void): void;
  publish(message: Message): void;
}

/** A connection to a plugin that is there no more. */
export interface ConnectionLoss {
  /** The name of the plugin. */
  readonly name: string;
  /** Its endpoint in its canonical spelling. */
  readonly address: string;
  /** In words. */
  readonly reason: string;
}

/**
 * What follows on a lost connection. `reconnect`: the next plugin at the endpoint is probed and asked for its name, which
 * must be the same. `exit`: the process ends with status 1. `fail`: all further calls fail with UNAVAILABLE.
 */
export type ConnectionLossAction = 'reconnect' | 'exit' | 'fail';

/** The action, or a function that hears of the loss at once and says it. */
export type ConnectionLossPolicy = ConnectionLossAction | ((loss: ConnectionLoss) => ConnectionLossAction);

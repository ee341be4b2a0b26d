import { type ChannelInterface, connectivityState, type Deadline, propagate } from '@grpc/grpc-js';
import type { ChannelState } from '../client/channel.js';
import type { ClientChannel } from '../client/client-channel.js';
import { LONGEST_TIMER } from '../transport/longest-timer.js';
import type { CallSettings } from './call-settings.js';
import { GrpcJsCall, type GrpcJsCallOwner } from './grpc-js-call.js';

type CreateCall = ChannelInterface['createCall'];
type ChannelzRef = ReturnType<ChannelInterface['getChannelzRef']>;

interface Watcher {
  readonly state: connectivityState;
  readonly timer: NodeJS.Timeout | undefined;
  readonly callback: (error?: Error) => void;
}

const states: { readonly [State in ChannelState]: connectivityState } = {
  idle: connectivityState.IDLE,
  connecting: connectivityState.CONNECTING,
  ready: connectivityState.READY,
  'transient-failure': connectivityState.TRANSIENT_FAILURE,
  shutdown: connectivityState.SHUTDOWN,
};

let channels = 0;
let calls = 0;

/** A podwire channel as the channel of a grpc-js client. */
export class GrpcJsChannel implements ChannelInterface, GrpcJsCallOwner {
  readonly channel: ClientChannel;
  readonly settings: CallSettings;
  readonly userAgent: string;
  serverAccepts: string | undefined;
  readonly #id = ++channels;
  readonly #owned: boolean;
  readonly #watchers = new Set<Watcher>();
  readonly #stopWatching: () => void;
  #changeDue = false;
  #wanted: AbortController | undefined;
  #closed = false;

  /** @param owned closing this channel closes `channel` too. */
  constructor(channel: ClientChannel, settings: CallSettings, owned: boolean) {
    this.channel = channel;
    this.settings = settings;
    this.#owned = owned;
    const { primaryUserAgent, secondaryUserAgent } = settings;
    this.userAgent = [primaryUserAgent, channel.userAgent, secondaryUserAgent].filter(Boolean).join(' ');
    this.#stopWatching = channel.watchState(() => this.#stateChanged());
  }

  /** Takes no more calls. Calls that wait for a connection fail, those that are open go on; then the connection is closed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wanted?.abort();
    this.#stopWatching();
    this.#stateChanged();
    if (this.#owned) void this.channel.close({ graceMs: Number.POSITIVE_INFINITY });
  }

  getTarget(): string {
    return this.channel.address;
  }

  getConnectivityState(tryToConnect: boolean): connectivityState {
    const state = this.#state;
    if (tryToConnect && !this.#closed) this.#connect();
    return state;
  }

  watchConnectivityState(
    currentState: connectivityState,
    deadline: Date | number,
    callback: (error?: Error) => void,
  ): void {
    if (this.#closed) throw new Error('the channel was closed; its state does not change any more');
    const left = Number(deadline) - Date.now();
    if (left <= 0) {
      process.nextTick(callback, tooLate());
      return;
    }
    const timer =
      left <= LONGEST_TIMER
        ? setTimeout(() => {
            this.#watchers.delete(watcher);
            this.#stopConnecting();
            callback(tooLate());
          }, left)
        : undefined;
    const watcher: Watcher = { state: currentState, timer, callback };
    this.#watchers.add(watcher);
    if (this.#state !== currentState) this.#stateChanged();
  }

  /** A reference for show: calls of this channel are not counted by channelz. */
  getChannelzRef(): ChannelzRef {
    return { kind: 'channel', id: this.#id, name: this.channel.address } as ChannelzRef;
  }

  /** @throws TypeError for arguments of other types, Error after `close`. */
  createCall(...[method, deadline, host, parent, flags]: Parameters<CreateCall>): GrpcJsCall {
    if (typeof method !== 'string') throw new TypeError('the method of a call must be a string: /service/method');
    if (typeof deadline !== 'number' && !(deadline instanceof Date)) {
      throw new TypeError('the deadline of a call must be a Date or a number of milliseconds since 1970');
    }
    if (Number.isNaN(Number(deadline))) throw new TypeError('the deadline of a call is not a valid date');
    if (this.#closed) throw new Error(`the channel to ${this.channel.address} was closed; it takes no more calls`);
    const inherited = flags ?? propagate.DEFAULTS;
    const parentDeadline: Deadline =
      parent && inherited & propagate.DEADLINE ? parent.getDeadline() : Number.POSITIVE_INFINITY;
    const config = this.settings.serviceConfig?.(method);
    const timeout = config?.timeoutMs;
    const configured = timeout === undefined ? Number.POSITIVE_INFINITY : Date.now() + timeout;
    return new GrpcJsCall(this, {
      method,
      config,
      authority: host ?? this.settings.authority ?? 'localhost',
      deadline: Math.min(Number(deadline), Number(parentDeadline), configured),
      parent: parent && inherited & propagate.CANCELLATION ? parent : undefined,
      callNumber: calls++,
    });
  }

  get #state(): connectivityState {
    return this.#closed ? connectivityState.SHUTDOWN : states[this.channel.state];
  }

  /** Connects, and tries again for as long as somebody watches. */
  #connect(): void {
    if (this.#wanted !== undefined || this.channel.state === 'ready') return;
    const wanted = new AbortController();
    this.#wanted = wanted;
    const over = (): void => {
      if (this.#wanted === wanted) this.#wanted = undefined;
    };
    this.channel.ready({ signal: wanted.signal }).then(over, over);
  }

  #stopConnecting(): void {
    if (this.#watchers.size === 0 && this.channel.state !== 'connecting') this.#wanted?.abort();
  }

  /** Told in a turn of its own: the channel may be in the middle of its change. */
  #stateChanged(): void {
    if (this.#changeDue) return;
    this.#changeDue = true;
    process.nextTick(() => {
      this.#changeDue = false;
      for (const watcher of [...this.#watchers]) {
        if (watcher.state === this.#state) continue;
        clearTimeout(watcher.timer);
        this.#watchers.delete(watcher);
        watcher.callback();
      }
      this.#stopConnecting();
    });
  }
}

function tooLate(): Error {
  return new Error('the deadline passed and the state of the channel has not changed');
}

import type { Socket } from 'node:net';
import { ErrorCode } from '../http2/error-code.js';
import type { HeaderFields } from '../http2/hpack/header-fields.js';
import type { Http2Stream } from '../http2/stream.js';
import { Code } from '../rpc/code.js';
import { trailersOnlyFields } from '../rpc/trailer-status.js';
import { ConnectionRecord } from '../server/connection-record.js';
import type { RequestCounters } from '../server/request-counters.js';
import type { Peer } from '../socket/peer.js';
import type { Connection } from '../transport/connector.js';
import type { KeepaliveOptions } from '../transport/keepalive.js';
import type { ServerLimits } from '../transport/limits.js';
import { Transport } from '../transport/transport.js';
import { InjectedStream } from './injected-stream.js';
import { namedSocket } from './named-socket.js';
import { namePeer } from './peer-of.js';
import { StreamRelay } from './stream-relay.js';

/** Header fields of the server itself are not a peer's to be limited. */
const SERVER_HEADER_LIST = 1024 * 1024;

/** What the connections of one `bindServer` share. */
export interface RelayOptions {
  readonly limits: ServerLimits;
  readonly keepalive: KeepaliveOptions | undefined;
  readonly inject: (socket: Socket) => void;
  readonly requests: RequestCounters;
  readonly onClosed: (connection: RelayedConnection) => void;
}

/** One peer's connection, and the session of the grpc-js server that answers it: each stream of one has its twin in the other. */
export class RelayedConnection {
  readonly #limits: ServerLimits;
  readonly #requests: RequestCounters;
  readonly #peer: Peer;
  readonly #record: ConnectionRecord;
  readonly #outer: Transport;
  readonly #inner: Transport;

  constructor({ stream, peer }: Connection, { limits, keepalive, inject, requests, onClosed }: RelayOptions) {
    this.#limits = limits;
    this.#requests = requests;
    this.#peer = peer;
    this.#record = new ConnectionRecord(peer);
    const injected = new InjectedStream();
    const { name, forget } = namePeer(peer);
    this.#outer = new Transport(
      stream,
      { role: 'server', limits, keepalive },
      {
        onStream: (outer, fields, endStream) => this.#open(outer, fields, endStream),
        onGoaway: () => this.#record.goaway(),
        onEnd: (error) => this.#record.ended(error),
        onClosed: () => {
          this.#record.closed();
          injected.close();
          forget();
          onClosed(this);
        },
      },
    );
    this.#inner = new Transport(
      injected,
      { role: 'client', limits: { ...limits, maxHeaderListSize: SERVER_HEADER_LIST } },
      {
        onGoaway: (_errorCode, debugData) => this.drain(debugData),
        onEnd: (error) => {
          if (error !== undefined) return this.#outer.close(ErrorCode.NO_ERROR, 'the server ended the connection');
          // Its streams have ended, though what they said may still wait for the peer.
          this.drain('the server is done');
          this.#outer.connection.finishDrain();
        },
      },
    );
    inject(namedSocket(injected.duplex, name));
    this.#inner.start();
    this.#outer.start();
  }

  #open(outer: Http2Stream, fields: HeaderFields, endStream: boolean): void {
    if (outer.headerListTooLarge) {
      this.#requests.requestsRejected++;
      const message = `the request header is over ${this.#limits.maxHeaderListSize} bytes; send less metadata`;
      return outer.finish(trailersOnlyFields({ code: Code.RESOURCE_EXHAUSTED, message }));
    }
    const { connection } = this.#inner;
    // Not looked at, so that the peer may make the call again.
    if (!connection.usable || !connection.hasCapacity) {
      this.#requests.requestsRejected++;
      return outer.reset(ErrorCode.REFUSED_STREAM);
    }
    const inner = connection.openStream(withAuthority(fields), endStream);
    const call = this.#requests.started(methodOf(fields), this.#peer);
    StreamRelay.join(outer, inner, ({ code, message }, reset) => {
      if (reset) this.#requests.resetsReceived++;
      this.#requests.ended(call, code, message);
    });
  }

  /** Takes no more calls; the connection ends when the open ones have. */
  drain(reason: string): void {
    if (this.#outer.connection.draining) return;
    this.#record.draining();
    this.#outer.drain(reason);
  }
}

/** `podinfo.v1.PodInfo/Describe` of `/podinfo.v1.PodInfo/Describe`; nothing of a CONNECT, which may have no path. */
function methodOf(fields: HeaderFields): string {
  for (let index = 0; index < fields.length; index += 2) {
    if (fields[index] === ':path') return (fields[index + 1] as string).slice(1);
  }
  return '';
}

/** node:http2 resets streams whose `:authority` or `host` is not a host name, so all get one (RFC 9113 section 8.3.1). */
function withAuthority(fields: HeaderFields): HeaderFields {
  const rewritten = [':authority', 'localhost'];
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string;
    if (name !== ':authority' && name !== 'host') rewritten.push(name, fields[index + 1] as string);
  }
  return rewritten;
}

/** The process that holds an address, as far as the system tells. */
export interface SocketHolder {
  readonly pid: number;
}

/**
 * A socket that could not be made, bound or connected. The message names the endpoint and what to do.
 *
 * `code` is an errno name (`ENOENT`, `ECONNREFUSED`, `EADDRINUSE`, `ETIMEDOUT`, `EACCES` ...) or one of
 * `ERR_PODWIRE_PEER_REFUSED` (the other side is not who a policy allows), `ERR_PODWIRE_POLICY_REQUIRED` (a listener
 * has no safe default and needs `allowPeer`), `ERR_PODWIRE_ABORTED` (the caller's signal), `ERR_PODWIRE_LOST` (the socket
 * file of a listener was removed or replaced), `ERR_PODWIRE_UNSUPPORTED` (this system or this kind of endpoint cannot do it).
 */
export class SocketError extends Error {
  override readonly name = 'SocketError';
  readonly code: string;
  /** The endpoint in its canonical spelling. */
  readonly endpoint: string;
  /** Who holds the address, with EADDRINUSE, where it could be found out. */
  readonly holder?: SocketHolder;

  constructor(
    code: string,
    endpoint: string,
    message: string,
    details: { readonly cause?: unknown; readonly holder?: SocketHolder | undefined } = {},
  ) {
    super(`${endpoint}: ${message} (${code})`, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.endpoint = endpoint;
    if (details.holder !== undefined) this.holder = details.holder;
  }
}

import { UsageError } from './usage-error.js';

/** Where HTTP is served: as `serveHttp` takes it. */
export type HttpAddress = { readonly port: number; readonly host: string } | { readonly path: string };

/**
 * Reads where to serve HTTP: `9808` (loopback), `:9808` (all addresses of IPv4), `10.0.0.1:9808`, `[::]:9808`,
 * `/run/x.sock`, `unix:///run/x.sock`.
 *
 * @throws UsageError
 */
export function parseHttpAddress(text: string): HttpAddress {
  const path = /^(?:unix:(?:\/\/)?)?(\/.+)$/.exec(text)?.[1];
  if (path !== undefined) return { path };
  const [, host, digits] = /^(?:(\[[0-9A-Fa-f:.]+\]|[^:[\]/]*):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) {
    throw new UsageError('Write 9808 (loopback), :9808 (all addresses), HOST:9808 or unix:///run/x.sock');
  }
  if (host === undefined) return { host: '127.0.0.1', port };
  return { host: host === '' ? '0.0.0.0' : host.replace(/^\[(.*)\]$/, '$1'), port };
}

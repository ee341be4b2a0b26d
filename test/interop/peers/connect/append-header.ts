import { encodeBinaryHeader } from '@connectrpc/connect';

export function appendHeader(headers: Headers, key: string, value: string | Uint8Array): void {
  headers.append(key, typeof value === 'string' ? value : encodeBinaryHeader(value));
}

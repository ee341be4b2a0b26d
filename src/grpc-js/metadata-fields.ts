import { Metadata } from '@grpc/grpc-js';
import type { HeaderFields } from '../http2/hpack/header-fields.js';

/** What the transport itself says in a request; grpc-js overwrites these too, whatever the application put there. */
const requestKeys = new Set([
  'accept-encoding',
  'content-length',
  'content-type',
  'grpc-accept-encoding',
  'grpc-encoding',
  'grpc-timeout',
  'host',
  'te',
  'user-agent',
]);

/** RFC 9113 section 8.2.2. */
const forbiddenKeys = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** What of a response is the transport's business. */
const responseKeys = new Set(['grpc-accept-encoding', 'grpc-encoding', 'grpc-message', 'grpc-status']);

/** ASCII-Value of PROTOCOL-HTTP2.md, or nothing. */
const asciiPattern = /^[\x20-\x7e]*$/;

/**
 * Appends the metadata of a request to its header fields.
 *
 * @throws TypeError for a key that cannot be sent.
 */
export function appendMetadata(fields: HeaderFields, metadata: Metadata): void {
  const entries = metadata.toJSON();
  for (const key in entries) {
    if (key.startsWith(':') || requestKeys.has(key)) continue;
    if (forbiddenKeys.has(key)) throw new TypeError(`the metadata key "${key}" cannot be sent over HTTP/2`);
    for (const value of entries[key] as (string | Buffer)[]) {
      fields.push(key, typeof value === 'string' ? value.trim() : value.toString('base64'));
    }
  }
}

/** Header-Name of PROTOCOL-HTTP2.md. */
const keyPattern = /^[0-9a-z_.-]+$/;

/** The header fields of a response as grpc-js shows them: all but those of the transport; values that are not valid are left out. */
export function metadataOf(fields: HeaderFields): Metadata {
  const metadata = new Metadata();
  for (let index = 0; index < fields.length; index += 2) {
    const key = fields[index] as string;
    const value = fields[index + 1] as string;
    // HTTP/2 allows names that gRPC does not, and that grpc-js would throw on.
    if (!keyPattern.test(key) || responseKeys.has(key)) continue;
    if (!key.endsWith('-bin')) {
      if (asciiPattern.test(value)) metadata.add(key, value);
      continue;
    }
    // Several values may come joined (PROTOCOL-HTTP2.md, Custom-Metadata).
    for (const one of value.split(',')) metadata.add(key, Buffer.from(one.trim(), 'base64'));
  }
  return metadata;
}

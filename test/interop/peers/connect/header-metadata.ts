import { decodeBinaryHeader } from '@connectrpc/connect';
import type { ReceivedMetadata } from '../typescript/test-client.js';

/** Web headers know one text for each name: several values come joined with commas. */
export function headerMetadata(headers: Headers): ReceivedMetadata {
  return {
    getAll(key) {
      const joined = headers.get(key);
      if (joined === null) return [];
      return key.endsWith('-bin') ? joined.split(',').map((one) => decodeBinaryHeader(one.trim())) : [joined];
    },
  };
}

import type { Metadata } from '@grpc/grpc-js';
import type { ReceivedMetadata } from '../typescript/test-client.js';

export function received(metadata: Metadata): ReceivedMetadata {
  return { getAll: (key) => metadata.get(key) };
}

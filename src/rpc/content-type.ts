/** Every gRPC content type begins so. */
const plain = 'application/grpc';
const protobuf = 'application/grpc+proto';

/**
 * What to answer a `content-type` with: `application/grpc` or `application/grpc+proto`, as the peer says it. `undefined`
 * when it is anything else: another protocol, gRPC-Web, or gRPC with another message format.
 */
export function grpcContentType(contentType: string): string | undefined {
  if (contentType === plain || contentType === protobuf) {
    return contentType;
  }
  // RFC 9110 section 8.3.1: media types are case-insensitive and may carry parameters.
  const semicolon = contentType.indexOf(';');
  const mediaType = (semicolon === -1 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
  return mediaType === plain || mediaType === protobuf ? mediaType : undefined;
}

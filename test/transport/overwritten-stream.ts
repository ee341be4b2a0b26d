import type { ByteStream } from '../../src/transport/byte-stream.js';

/** A stream whose receiver gets each chunk in memory that is overwritten as soon as it returns, so that no view into it can be kept unnoticed. */
export function overwritten(stream: ByteStream): ByteStream {
  return {
    start: (receiver) =>
      stream.start({
        onBytes(chunk) {
          const read = Buffer.from(chunk);
          receiver.onBytes(read);
          read.fill(0xdb);
        },
        onClose: (error) => receiver.onClose(error),
      }),
    write: (chunks, done) => stream.write(chunks, done),
    end: () => stream.end(),
    destroy: () => stream.destroy(),
    setReferenced: (referenced) => stream.setReferenced(referenced),
  };
}

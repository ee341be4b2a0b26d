import { BinaryReader } from '@bufbuild/protobuf/wire';

/** A field may keep alive at most this many times its own size. */
const pinRatio = 4;

/**
 * Reads messages in place. Read chunks are never reused, so a `bytes` field may be a view into one; but a small field that
 * an application keeps must not keep a whole chunk, so it is copied.
 */
export class ProtobufReader extends BinaryReader {
  override bytes(): Uint8Array<ArrayBuffer> {
    const view = super.bytes() as Uint8Array<ArrayBuffer>;
    return view.byteLength * pinRatio >= view.buffer.byteLength ? view : new Uint8Array(view);
  }
}

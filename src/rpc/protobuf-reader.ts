import { BinaryReader } from '@bufbuild/protobuf/wire';

/** A field may keep alive at most this many times its own size. */
const pinRatio = 4;

/** Up to these lengths a loop over the octets is faster than a call into C++. */
const shortString = 12;
const shortBytes = 32;

/** What a Buffer does for `toString('utf8')`; taken from the prototype it serves any Uint8Array. */
const { utf8Slice } = Buffer.prototype as unknown as {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
};

/**
 * Reads messages in place. Read chunks are never reused, so a `bytes` field may be a view into one; but a small field that
 * an application keeps must not keep a whole chunk, so it is copied.
 */
export class ProtobufReader extends BinaryReader {
  override bytes(): Uint8Array<ArrayBuffer> {
    const { buf } = this;
    const length = this.uint32();
    const start = this.pos;
    this.pos += length;
    this.assertBounds();
    if (length * pinRatio >= buf.buffer.byteLength) return buf.subarray(start, this.pos) as Uint8Array<ArrayBuffer>;
    const copy = new Uint8Array(length);
    if (length > shortBytes) copy.set(buf.subarray(start, this.pos));
    else for (let index = 0; index < length; index++) copy[index] = buf[start + index];
    return copy;
  }

  /** As in the class that it extends, without an array or a view for each. */
  override string(strict?: boolean): string {
    const { buf } = this;
    const from = this.pos;
    const length = this.uint32();
    const start = this.pos;
    if (strict) {
      this.pos = from;
      return super.string(strict);
    }
    this.pos += length;
    this.assertBounds();
    if (length > shortString) return utf8Slice.call(buf, start, this.pos);
    let text = '';
    for (let index = start; index < this.pos; index++) {
      const octet = buf[index];
      if (octet > 0x7f) return utf8Slice.call(buf, start, this.pos);
      text += String.fromCharCode(octet);
    }
    return text;
  }
}

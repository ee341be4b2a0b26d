import { Metadata as createNiceMetadata } from 'nice-grpc-common';
import { describe, expect, it } from 'vitest';
import { Metadata } from '../../src/index.js';
import { fromNiceMetadata, MetadataView, type NiceMetadata } from '../../src/nice-grpc/nice-metadata.js';

/** The same steps on either metadata, and what they read. */
function exercise(metadata: NiceMetadata): unknown[] {
  const chained = metadata.set('One', '1').append('one', '2').set('many', ['a', 'b']).set('gone', 'x');
  metadata.set('raw-bin', Uint8Array.of(1)).append('raw-bin', Uint8Array.of(2));
  metadata.delete('GONE');
  return [
    chained === metadata,
    ...['one', 'ONE', 'many', 'raw-bin', 'gone'].map((key) => [
      metadata.get(key),
      metadata.getAll(key),
      metadata.has(key),
    ]),
    [...metadata],
    [...metadata.set('many', [])].map(([key]) => key),
  ];
}

describe('MetadataView', () => {
  it("reads and writes as nice-grpc's metadata does", () => {
    expect(exercise(new MetadataView(new Metadata()))).toEqual(exercise(createNiceMetadata()));
  });

  it('writes to the metadata behind it', () => {
    const metadata = new Metadata({ kept: ['a', 'b'] });
    new MetadataView(metadata).set('added', 'c');
    expect([...metadata]).toEqual([
      ['kept', ['a', 'b']],
      ['added', ['c']],
    ]);
  });
});

describe('fromNiceMetadata', () => {
  it('finds the metadata behind a view, and copies any other', () => {
    const metadata = new Metadata({ key: ['a', 'b'] });
    expect(fromNiceMetadata(new MetadataView(metadata))).toBe(metadata);
    const nice = createNiceMetadata({ key: 'a', 'raw-bin': Uint8Array.of(1) });
    expect([...fromNiceMetadata(nice)]).toEqual([...nice]);
  });
});

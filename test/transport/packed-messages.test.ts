import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PackedMessages } from '../../src/transport/packed-messages.js';

it('gives what it was given, in order, whenever it is taken', () => {
  const message = fc.record({ payload: fc.uint8Array({ maxLength: 3_000 }), compressed: fc.boolean() });
  fc.assert(
    fc.property(fc.array(fc.option(message, { nil: undefined }), { maxLength: 60, size: 'max' }), (steps) => {
      const packed = new PackedMessages();
      const expected: { payload: Uint8Array; compressed: boolean }[] = [];
      const take = (): void => {
        const { payload, compressed } = packed.shift();
        expect({ payload: Uint8Array.from(payload), compressed }).toEqual(expected.shift());
      };
      for (const step of steps) {
        if (step !== undefined) {
          packed.push(step.payload, step.compressed);
          expected.push(step);
        } else if (expected.length > 0) take();
        expect(packed.length).toBe(expected.length);
        expect(packed.octets).toBe(expected.reduce((sum, { payload }) => sum + 5 + payload.length, 0));
      }
      while (expected.length > 0) take();
    }),
  );
});

import { expect, it } from 'vitest';
import { parseEndpointOption } from '../../src/cli/parse-endpoint-option.js';
import { UsageError } from '../../src/cli/usage-error.js';

it('keeps the spelling of an endpoint', () => {
  expect(parseEndpointOption('./csi.sock')).toBe('./csi.sock');
  expect(parseEndpointOption('@csi')).toBe('@csi');
});

it('says which spelling was meant', () => {
  expect(() => parseEndpointOption('unix:@csi')).toThrow(UsageError);
  expect(() => parseEndpointOption('unix:@csi')).toThrow('write unix-abstract:csi for the abstract name');
});

import { EndpointError, parseEndpoint } from '../index.js';
import { UsageError } from './usage-error.js';

/**
 * Looks at the spelling of an endpoint, and leaves it as it is.
 *
 * @throws UsageError
 */
export function parseEndpointOption(text: string): string {
  try {
    parseEndpoint(text);
    return text;
  } catch (error) {
    throw error instanceof EndpointError ? new UsageError(error.message) : error;
  }
}

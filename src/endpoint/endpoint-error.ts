/** An address that cannot be used as written. The message says which spelling was probably meant. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
  readonly code = 'ERR_PODWIRE_ENDPOINT';
  /** The address as it was given, printable. */
  readonly input: string;

  constructor(input: string, problem: string) {
    super(`${input} is not an endpoint: ${problem}`);
    this.input = input;
  }
}

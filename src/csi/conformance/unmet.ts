/** A plugin did something else than is expected of it. */
export class Unmet extends Error {
  override readonly name = 'Unmet';
  readonly expected: string;
  readonly received: string;

  constructor(expected: string, received: string) {
    super(`expected ${expected}, got ${received}`);
    this.expected = expected;
    this.received = received;
  }
}

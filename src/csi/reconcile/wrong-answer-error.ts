/** The plugin said that a call succeeded, and answered what cannot be. What it did is not known. */
export class WrongAnswerError extends Error {
  static {
    Object.defineProperty(WrongAnswerError.prototype, 'name', { value: 'WrongAnswerError', configurable: true });
  }
}

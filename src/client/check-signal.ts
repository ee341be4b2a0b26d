/**
 * Throws TypeError for what is no AbortSignal. By what it has to have: there are other classes of it, such as in a test
 * environment that brings its own.
 */
export function checkSignal(signal: AbortSignal): void {
  const given: unknown = signal;
  if (typeof given === 'object' && given !== null && 'aborted' in given && 'addEventListener' in given) return;
  throw new TypeError('signal must be an AbortSignal; of an AbortController, pass .signal');
}

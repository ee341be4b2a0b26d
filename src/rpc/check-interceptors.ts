/** Throws TypeError for what is no list of interceptors. */
export function checkInterceptors(interceptors: readonly unknown[]): void {
  if (Array.isArray(interceptors) && interceptors.every((one) => typeof one === 'function')) return;
  throw new TypeError('interceptors must be an array of functions, such as { interceptors: [logging] }');
}

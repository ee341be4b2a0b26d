/**
 * Whether this run has koffi, without which nobody can tell who is at the other end. Said by whoever hides the package (see
 * without-packages.cjs), not found out: a run in which koffi fails to load unexpectedly must fail.
 */
export const knowsPeers = !(process.env.PODWIRE_TEST_WITHOUT ?? '').split(',').includes('koffi');

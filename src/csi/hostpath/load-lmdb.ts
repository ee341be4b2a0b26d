/** The store's package. It is loaded when a store is opened, so that only those who keep volumes need it. */
export async function loadLmdb(load: () => Promise<typeof import('lmdb')> = () => import('lmdb')) {
  try {
    return await load();
  } catch (cause) {
    const message = `the host-path plugin keeps its records in lmdb, which could not be loaded: run \`npm install lmdb\` beside podwire`;
    throw new Error(message, { cause });
  }
}

/** The store's package. It is loaded when a store is opened, so that only those who keep records need it. */
export async function loadLmdb(load: () => Promise<typeof import('lmdb')> = () => import('lmdb')) {
  try {
    return await load();
  } catch (cause) {
    const message = 'records are kept in lmdb, which could not be loaded: run `npm install lmdb` beside podwire';
    throw new Error(message, { cause });
  }
}

/**
 * Loads a package that only some commands need, and that is not installed with podwire.
 *
 * Rejects with Error that says how to get it.
 *
 * @param name of the package; `purpose`: what it is for, as `podwire csi hostpath logs with it`.
 */
export async function loadPackage<Module>(name: string, purpose: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    const message = `${purpose}, and the package ${name} could not be loaded: run \`npm install ${name}\` beside podwire`;
    throw new Error(message, { cause });
  }
}

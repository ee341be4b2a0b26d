/** The package that reads YAML. It is loaded when there is a file to read. */
export async function loadYaml(load: () => Promise<typeof import('yaml')> = () => import('yaml')) {
  try {
    return await load();
  } catch (cause) {
    const message = 'files are read with yaml, which could not be loaded: run `npm install yaml` beside podwire';
    throw new Error(message, { cause });
  }
}

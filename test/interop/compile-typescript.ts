import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

const repository = path.resolve(import.meta.dirname, '../..');
const output = path.join(import.meta.dirname, '.cache/typescript');
/** All that a TypeScript peer, example or process of a fault test can import. */
const folders = ['src', 'gen', 'test/interop/peers', 'examples/podinfo', 'test/csi/faults'];

/**
 * Translates what changed since the last run into `.cache/typescript`: with a loader a peer would take a second longer to
 * start. Types are not looked at; `npm run check` does that.
 *
 * @returns the JavaScript of `program`.
 */
export async function compileTypeScript(program: string): Promise<string> {
  const sources = (await Promise.all(folders.map(sourcesIn))).flat();
  const isStale = await Promise.all(sources.map(stale));
  const wanted = sources.filter((_, index) => isStale[index]);
  // Not for every test file: the compiler takes longer to load than most of them to start.
  if (wanted.length > 0) await translate(wanted);
  return outputOf(program);
}

async function translate(sources: readonly string[]): Promise<void> {
  const { default: ts } = await import('typescript');
  const configuration = ts.readConfigFile(path.join(repository, 'tsconfig.json'), ts.sys.readFile).config;
  const { options } = ts.convertCompilerOptionsFromJson(configuration.compilerOptions, repository);
  for (const source of sources) {
    // A single file does not tell that package.json says "module".
    const compilerOptions = { ...options, noEmit: false, module: ts.ModuleKind.ESNext };
    const { outputText } = ts.transpileModule(await readFile(source, 'utf8'), { fileName: source, compilerOptions });
    const target = outputOf(source);
    await mkdir(path.dirname(target), { recursive: true });
    // In one step: somebody else's peer may be starting.
    const partial = `${target}.${process.pid}`;
    await writeFile(partial, outputText);
    await rename(partial, target);
  }
}

async function sourcesIn(folder: string): Promise<string[]> {
  const found = await readdir(path.join(repository, folder), { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('node_modules'))
    .map((entry) => path.join(entry.parentPath, entry.name));
}

/** As make has it. */
async function stale(source: string): Promise<boolean> {
  const { mtimeMs } = await stat(source);
  return stat(outputOf(source)).then(
    (made) => made.mtimeMs <= mtimeMs,
    () => true,
  );
}

function outputOf(source: string): string {
  return path.join(output, path.relative(repository, source).replace(/\.ts$/, '.js'));
}

import { readFile } from 'node:fs/promises';
import { loadPackage } from './load-package.js';
import { UsageError } from './usage-error.js';

/**
 * Reads a file that has maps from text to text, by name: `CreateVolume: { user: admin }`. JSON if its name ends so, else YAML.
 *
 * Rejects with UsageError when it holds something else, or cannot be read; Error without the package yaml.
 */
export async function readTextMaps(file: string): Promise<{ [name: string]: { [key: string]: string } }> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new UsageError(`the file cannot be read: ${error.message}`);
  });
  const parse = file.endsWith('.json') ? JSON.parse : await yamlParser();
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    // Not what the parser says of it: that would show some of the text, which may be secret.
    throw new UsageError(`${file} is no ${file.endsWith('.json') ? 'JSON' : 'YAML'}`);
  }
  if (!isMap(value) || !Object.values(value).every((map) => isMap(map) && Object.values(map).every(isText))) {
    throw new UsageError(
      `${file} is to have a map from text to text for each call, such as CreateVolume: { user: admin }`,
    );
  }
  return value as { [name: string]: { [key: string]: string } };
}

async function yamlParser(): Promise<(text: string) => unknown> {
  const yaml = await loadPackage('yaml', 'files of secrets are read as YAML', () => import('yaml'));
  return yaml.parse;
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

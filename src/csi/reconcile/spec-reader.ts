import { likeliest } from '../../options/check-option-names.js';
import { SpecError } from './spec-error.js';

type Path = readonly (string | number)[];

/** Reads values that people wrote, and says where they are wrong. */
export const specReader = {
  /** @throws SpecError for what is no object, or has a field that nobody reads. */
  object(value: unknown, path: Path, known: readonly string[]): { readonly [field: string]: unknown } {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new SpecError(path, `must be a mapping with some of ${known.join(', ')}`);
    }
    for (const [field, content] of Object.entries(value)) {
      if (content === undefined || known.includes(field)) continue;
      const meant = likeliest(field, known);
      const hint = meant === undefined ? `there are ${known.join(', ')}` : `write ${meant}`;
      throw new SpecError([...path, field], `is not known here; ${hint}`);
    }
    return value as { readonly [field: string]: unknown };
  },

  text(value: unknown, path: Path): string {
    if (typeof value !== 'string' || value === '') throw new SpecError(path, 'must be a text, and not empty');
    return value;
  },

  /** A name of an object: CSI's rules for the names of volumes and snapshots. */
  name(value: unknown, path: Path): string {
    const name = specReader.text(value, path);
    if (Buffer.byteLength(name) > 128) throw new SpecError(path, 'has more than the 128 bytes that CSI allows a name');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
    if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) throw new SpecError(path, 'has a control character');
    return name;
  },

  flag(value: unknown, path: Path): boolean {
    if (typeof value !== 'boolean') throw new SpecError(path, 'must be true or false');
    return value;
  },

  list(value: unknown, path: Path): readonly unknown[] {
    if (!Array.isArray(value)) throw new SpecError(path, 'must be a list');
    return value;
  },

  oneOf<Word extends string>(value: unknown, path: Path, words: readonly Word[]): Word {
    if (words.includes(value as Word)) return value as Word;
    throw new SpecError(path, `must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`);
  },

  /** A mapping of texts to texts. */
  texts(value: unknown, path: Path): { readonly [key: string]: string } {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new SpecError(path, 'must be a mapping');
    for (const [key, content] of Object.entries(value)) {
      if (typeof content !== 'string') throw new SpecError([...path, key], 'must be a text: put it in quotes');
    }
    return value as { readonly [key: string]: string };
  },
};

import type { Document, LineCounter } from 'yaml';
import type { DesiredSnapshot, DesiredVolume } from './desired-volume.js';
import { loadYaml } from './load-yaml.js';
import { readSnapshotSpec } from './read-snapshot-spec.js';
import { readVolumeSpec } from './read-volume-spec.js';
import { SpecError } from './spec-error.js';
import { specReader as read } from './spec-reader.js';

/** All that a file wants. */
export interface DesiredFile {
  readonly volumes: readonly DesiredVolume[];
  readonly snapshots: readonly DesiredSnapshot[];
}

/**
 * Reads what a YAML file wants: `volumes` and `snapshots`, each a mapping of names to what `set` takes.
 *
 * Rejects with an Error that names all mistakes, each with its line and column. An empty file is one: an editor that is
 * saving, or a disk that is full, must not delete everything.
 *
 * @param file its name, for errors.
 */
export async function parseDesiredFile(text: string, file: string): Promise<DesiredFile> {
  const { LineCounter, parseDocument } = await loadYaml();
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw failure(document.errors.map(({ message, pos }) => `${place(file, lines, pos[0])}: ${message}`));
  }
  const mistakes: string[] = [];
  const attempt = <Value>(path: readonly (string | number)[], action: () => Value): Value[] => {
    try {
      return [action()];
    } catch (error) {
      if (!(error instanceof SpecError)) throw error;
      const whole = new SpecError([...path, ...error.path], error.problem);
      mistakes.push(`${place(file, lines, offsetOf(document, whole.path))}: ${whole.message}`);
      return [];
    }
  };
  const content: unknown = document.toJS();
  if (content === null || content === undefined) {
    throw failure([`${file}: is empty; to want nothing, write volumes: {}`]);
  }
  const [top = {}] = attempt([], () => read.object(content, [], ['volumes', 'snapshots']));
  const section = (name: 'volumes' | 'snapshots') => {
    const [entries = {}] = attempt([name], () => named(top[name]));
    return Object.entries(entries);
  };
  const volumes = section('volumes').flatMap(([name, spec]) =>
    attempt(['volumes', name], () => readVolumeSpec(name, spec)),
  );
  const snapshots = section('snapshots').flatMap(([name, spec]) =>
    attempt(['snapshots', name], () => readSnapshotSpec(name, spec)),
  );
  if (mistakes.length > 0) throw failure(mistakes);
  return { volumes, snapshots };
}

function named(section: unknown): { readonly [name: string]: unknown } {
  if (section === undefined || section === null) return {};
  if (typeof section !== 'object' || Array.isArray(section)) throw new SpecError([], 'must be a mapping by names');
  return section as { readonly [name: string]: unknown };
}

function failure(mistakes: readonly string[]): Error {
  return new Error(mistakes.join('\n'));
}

/** `volumes.yaml:7:11` */
function place(file: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${file}:${line}:${col}`;
}

/** Where the innermost part of the path begins that is in the document. */
function offsetOf(document: Document.Parsed, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true) ?? document.contents;
    const last = path[length - 1]!;
    const items = (parent as { readonly items?: readonly unknown[] } | null)?.items ?? [];
    for (const [index, item] of items.entries()) {
      const { key, range } = item as {
        readonly key?: { readonly value?: unknown; readonly range?: number[] };
        readonly range?: number[];
      };
      if (key !== undefined && String(key.value) === String(last)) return key.range?.[0] ?? 0;
      if (key === undefined && index === last) return range?.[0] ?? 0;
    }
  }
  return document.contents?.range?.[0] ?? 0;
}

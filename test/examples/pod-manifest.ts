import { readFileSync } from 'node:fs';

/** What the examples' pods use of a Kubernetes manifest. */
export interface PodManifest {
  readonly fsGroup: number | undefined;
  /** Names of the `emptyDir` volumes. */
  readonly volumes: readonly string[];
  readonly containers: readonly ContainerManifest[];
}

export interface ContainerManifest {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: { readonly [name: string]: string };
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
  readonly mounts: readonly { readonly volume: string; readonly path: string; readonly readOnly: boolean }[];
}

type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

interface Pod {
  readonly spec: {
    readonly securityContext: { readonly fsGroup?: number };
    readonly containers: readonly {
      readonly name: string;
      readonly command: readonly string[];
      readonly env?: readonly { readonly name: string; readonly value: string }[];
      readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number };
      readonly volumeMounts?: readonly {
        readonly name: string;
        readonly mountPath: string;
        readonly readOnly?: boolean;
      }[];
    }[];
    readonly volumes?: readonly { readonly name: string; readonly emptyDir: object }[];
  };
}

/** Reads a manifest with one Pod. Throws for YAML beyond what `parseYaml` knows. */
export function readPodManifest(path: string): PodManifest {
  const { spec } = parseYaml(readFileSync(path, 'utf8')) as unknown as Pod;
  const { fsGroup } = spec.securityContext;
  return {
    fsGroup,
    volumes: (spec.volumes ?? []).map(({ name }) => name),
    containers: spec.containers.map(({ name, command, env = [], securityContext, volumeMounts = [] }) => ({
      name,
      command,
      env: Object.fromEntries(env.map(({ name, value }) => [name, value])),
      uid: securityContext.runAsUser,
      gid: securityContext.runAsGroup,
      groups: fsGroup === undefined ? [] : [fsGroup],
      mounts: volumeMounts.map(({ name, mountPath, readOnly = false }) => ({
        volume: name,
        path: mountPath,
        readOnly,
      })),
    })),
  };
}

/**
 * A small part of YAML: nested maps, sequences of maps, `[a, b]` of scalars, `{}`, comments on lines of their own. Scalars
 * are plain or in double quotes, on one line. Anything else throws rather than be misread.
 */
function parseYaml(text: string): Value {
  const lines = text.split('\n').flatMap((line) => {
    const [, spaces = '', dash = '', rest = ''] = /^( *)(- )?(.*)$/.exec(line) ?? [];
    if (rest === '' || rest.startsWith('#')) return [];
    const inner = { indent: spaces.length + dash.length, text: rest };
    return dash === '' ? [inner] : [{ indent: spaces.length, text: '-' }, inner];
  });
  const block = (indent: number): Value => {
    const here = (): boolean => lines[0]?.indent === indent;
    if (lines[0]?.text === '-') {
      const items: Value[] = [];
      while (here() && lines[0]!.text === '-') {
        lines.shift();
        items.push(block(indent + 2));
      }
      return items;
    }
    const map: Record<string, Value> = {};
    while (here()) {
      const line = lines.shift()!.text;
      const [, key, rest] = /^([A-Za-z]+):(?: (.*))?$/.exec(line) ?? [];
      if (key === undefined || key in map) throw new Error(`this is beyond the YAML that is read here: ${line}`);
      map[key] = rest === undefined ? block(Math.max(lines[0]?.indent ?? 0, indent + 1)) : flow(rest);
    }
    return map;
  };
  const value = block(0);
  if (lines.length > 0) throw new Error(`wrong indentation at: ${lines[0]!.text}`);
  return value;
}

function flow(text: string): Value {
  if (text === '{}') return {};
  const [, items] = /^\[(.*)\]$/.exec(text) ?? [];
  return items === undefined ? scalar(text) : items.split(', ').map(scalar);
}

function scalar(text: string): Value {
  if (/^"[^"\\]*"$/.test(text)) return text.slice(1, -1);
  if (/^(0|[1-9]\d*)$/.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  // Plain, and nothing that YAML would read as more than its characters.
  if (/^(--?)?[A-Za-z/.][\w:/.-]*$/.test(text) && !/^(yes|no|on|off|null)$/i.test(text)) return text;
  throw new Error(`this is beyond the YAML that is read here: ${text}`);
}

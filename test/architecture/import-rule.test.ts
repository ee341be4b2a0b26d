import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type SourceImport, sourceImports } from './source-imports.js';

interface Rule {
  /** Beginnings of what a folder may import besides its own files: folders, files, packages, `node:` for Node itself. */
  readonly values: readonly string[];
  /** What it may import types from, besides. */
  readonly types?: readonly string[];
}

/** The one thing that calls need of HTTP/2 at run time: its error codes, and how it counts the octets of a header. */
const http2ForCalls = ['src/http2/error-code.ts', 'src/http2/header-list-size.ts'];

/** Who may import whom. What is not here may not. */
const rules: { readonly [folder: string]: Rule } = {
  endpoint: { values: [] },
  options: { values: [] },
  // No I/O, no timers, no Node: bytes in, events and bytes out.
  http2: { values: [] },
  socket: { values: ['src/endpoint/', 'src/options/', 'koffi', 'abstract-socket', 'node:'] },
  // google.rpc.Status is what grpc-status-details-bin holds. zlib compresses.
  rpc: { values: ['gen/google/rpc/', '@bufbuild/protobuf/wire', 'node:zlib'], types: ['src/http2/'] },
  transport: { values: ['src/socket/', 'src/http2/', 'src/rpc/', 'src/options/', 'node:'], types: ['src/endpoint/'] },
  server: {
    values: ['src/transport/', 'src/rpc/', 'src/endpoint/', 'src/options/', ...http2ForCalls, 'node:'],
    types: ['src/http2/', 'src/socket/'],
  },
  client: {
    // It checks the policy that it is given, and that a path is what it shall protect.
    values: ['src/transport/', 'src/rpc/', 'src/endpoint/', 'src/options/', ...http2ForCalls].concat(
      'src/socket/peer-policy.ts',
      'src/socket/check-protectable.ts',
      'node:',
    ),
    types: ['src/http2/', 'src/socket/'],
  },
  services: {
    values: ['src/server/', 'src/client/', 'src/rpc/', 'gen/grpc/', '@bufbuild/protobuf/wire', 'node:'],
    types: ['src/socket/'],
  },
  'nice-grpc': { values: ['src/server/', 'src/client/', 'src/rpc/', 'node:'], types: ['src/socket/'] },
  testing: {
    // It stands in for a socket: it makes the stream, and holds the policies itself.
    values: ['src/server/', 'src/client/', 'src/rpc/', 'src/transport/', 'src/options/', 'src/socket/peer-', 'node:'],
    types: ['src/socket/'],
  },
  // A second server on the same wire: it joins transport and http2 as src/server does.
  'grpc-js': {
    values: ['src/server/', 'src/client/', 'src/transport/', 'src/rpc/', 'src/endpoint/', ...http2ForCalls].concat(
      'src/options/',
      // It adds options to those of a listener.
      'src/socket/listen-options.ts',
      '@grpc/grpc-js',
      'node:',
    ),
    types: ['src/http2/', 'src/socket/'],
  },
  // What the user may have installed is loaded when it is asked for: a test below holds that.
  csi: {
    values: ['src/server/', 'src/client/', 'src/rpc/', 'src/endpoint/', 'src/options/', 'gen/'].concat(
      // The host-path plugin asks for the holes of files, which Node cannot: all FFI is in one file.
      'src/socket/has-libc.ts',
      'src/socket/libc.ts',
      // A registration says itself which folder is missing: one must not be made there.
      'src/socket/socket-error.ts',
      '@bufbuild/protobuf/wire',
      'lmdb',
      'yaml',
      'prom-client',
      '@opentelemetry/api',
      'node:',
    ),
    types: ['src/transport/', 'src/socket/', 'pino'],
  },
  // What is public, as anybody else has it, and what the user may have installed.
  cli: {
    values: [
      ...['src/index.ts', 'src/socket/index.ts', 'src/csi/index.ts', 'src/csi/hostpath/index.ts'],
      ...['src/csi/conformance/index.ts', 'commander', 'pino', 'prom-client', 'yaml'],
      'podwire/package.json',
      'node:',
    ],
  },
  'index.ts': {
    values: ['src/endpoint/', 'src/socket/', 'src/rpc/', 'src/transport/', 'src/server/', 'src/client/'],
  },
};

/** Test folders that mirror no folder of src/, and single tests that mirror no module. */
const testsWithoutModule = [
  'test/attacks/', // what hostile clients and servers do to whole processes
  'test/fuzz/', // whatever peers may say, to all that listens to them
  'test/architecture/', // the whole of src/
  'test/bench/', // bench/
  'test/deploy/', // deploy/
  'test/docs/', // docs/
  'test/examples/', // examples/
  'test/faults/', // all of it, while something goes wrong
  'test/csi/faults/', // plugin and controller as processes, likewise
  'test/interop/', // peers in other languages
  'test/package/', // the packed tarball
  'test/proto/', // proto/ and gen/
  'test/client/scripted-answers.test.ts', // a server whose answers are wrong
  'test/http2/exchange.test.ts', // two connections, whatever they do
  'test/transport/node-http2.test.ts', // another implementation as an oracle
  'test/transport/recycled-messages.test.ts', // calls, whatever ends them, in memory that is used again
  'test/http2/faults.test.ts', // what a peer may not send, whichever module notices
  'test/http2/hpack/appendix-c.test.ts', // examples of RFC 7541
  'test/http2/hpack/nghttp2.test.ts', // another implementation as an oracle
  'test/http2/hpack/round-trip.test.ts', // encoder and decoder together
];

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = filesOf('src');
const imports = new Map(sources.map((path) => [path, sourceImports(path, readFileSync(join(root, path), 'utf8'))]));

function filesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('node_modules'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .sort();
}

/** `http2` of `src/http2/hpack/huffman.ts`. */
function folderOf(path: string): string {
  return path.split('/')[1];
}

function violations(path: string, found: readonly SourceImport[]): string[] {
  const rule = rules[folderOf(path)];
  if (rule === undefined) return [`${path} is in a folder that has no rule: say in this test what it may import`];
  const own = folderOf(path).endsWith('.ts') ? [] : [`src/${folderOf(path)}/`];
  return found
    .filter(({ target, typeOnly }) => {
      const allowed = [...own, ...rule.values, ...((typeOnly && rule.types) || [])];
      return !allowed.some((beginning) => target.startsWith(beginning));
    })
    .map(({ target, typeOnly }) => `${path} must not import ${typeOnly ? 'types from ' : ''}${target}`);
}

/** One cycle as `a -> b -> a`, or undefined. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string | undefined {
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(' -> ');
    if (done.has(path)) return undefined;
    for (const next of graph.get(path) ?? []) {
      const cycle = visit(next, [...trail, path]);
      if (cycle !== undefined) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of graph.keys()) {
    const cycle = visit(path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

describe('who may import whom', () => {
  it('reads every way to import', () => {
    const text = `
      import a from './a.js';
      import type { B } from '../b/b.js';
      import { type C } from 'c';
      import { type D, d } from 'd';
      export * from './e.js';
      export type { F } from './f.js';
      import './g.js';
      const h = await import('./h.js');
      const i = createRequire(import.meta.url)('i') as typeof import('j');
      const k = process.getBuiltinModule('node:k');
      // import './comment.js'
      const string = "import './string.js'";
    `;
    const found = sourceImports('src/x/x.ts', text).map(({ target, typeOnly, lazy }) =>
      [target, typeOnly && 'type', lazy && 'lazy'].filter(Boolean).join(' '),
    );
    expect(found.sort()).toEqual(
      ['c type', 'd', 'i lazy', 'j type', 'node:k lazy', 'src/b/b.ts type', 'src/x/a.ts', 'src/x/e.ts']
        .concat('src/x/f.ts type', 'src/x/g.ts', 'src/x/h.ts lazy')
        .sort(),
    );
  });

  it('sees what is not allowed', () => {
    const check = (path: string, text: string) => violations(path, sourceImports(path, text));
    expect(check('src/http2/x.ts', "import './stream.js';")).toEqual([]);
    expect(check('src/http2/x.ts', "import { Buffer } from 'node:buffer';")).toHaveLength(1);
    expect(check('src/rpc/x.ts', "import type { A } from '../http2/stream.js';")).toEqual([]);
    expect(check('src/rpc/x.ts', "import { A } from '../http2/stream.js';")).toHaveLength(1);
    expect(check('src/client/x.ts', "import type { A } from '../server/server.js';")).toHaveLength(1);
    expect(check('src/server/x.ts', "const koffi = require('koffi');")).toHaveLength(1);
    expect(check('src/index.ts', "export * from './services/health/index.js';")).toHaveLength(1);
    expect(check('src/novel/x.ts', '')).toEqual([expect.stringContaining('has no rule')]);
  });

  it('is kept by every file', () => {
    expect(sources.length).toBeGreaterThan(100);
    expect(sources.flatMap((path) => violations(path, imports.get(path) ?? []))).toEqual([]);
  });

  it('loads packages that are the user’s own lazily, each from one file', () => {
    const importersOf = (name: string) =>
      sources.flatMap((path) =>
        (imports.get(path) ?? [])
          .filter(({ target, typeOnly }) => target === name && !typeOnly)
          .map(({ lazy }) => `${path} ${lazy ? 'lazily' : 'at once'}`),
      );
    expect(importersOf('prom-client')).toEqual([
      'src/cli/csi/run-host-path.ts lazily',
      'src/csi/observe/measure-calls.ts lazily',
    ]);
    expect(importersOf('pino')).toEqual(['src/cli/csi/run-host-path.ts lazily']);
    expect(importersOf('@opentelemetry/api')).toEqual(['src/csi/observe/trace-calls.ts lazily']);
    expect(importersOf('lmdb')).toEqual(['src/csi/store/load-lmdb.ts lazily']);
    expect(importersOf('yaml')).toEqual(['src/cli/read-text-maps.ts lazily', 'src/csi/reconcile/load-yaml.ts lazily']);
  });

  it('has FFI in one file, and node:http2 under grpc-js only', () => {
    const importersOf = (name: string) =>
      sources.filter((path) => imports.get(path)?.some(({ target, typeOnly }) => target === name && !typeOnly));
    expect(importersOf('koffi')).toEqual(['src/socket/libc.ts']);
    expect(importersOf('node:http2').filter((path) => !path.startsWith('src/grpc-js/'))).toEqual([]);
  });

  it('makes no circle at run time', () => {
    expect(
      findCycle(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['b']],
        ]),
      ),
    ).toBe('b -> c -> b');
    // A class and an interface may name each other: such imports are erased.
    const graph = [...imports].map(
      ([path, found]) => [path, found.filter(({ typeOnly }) => !typeOnly).map(({ target }) => target)] as const,
    );
    expect(findCycle(new Map(graph))).toBeUndefined();
  });
});

describe('files', () => {
  it('have names that say what is in them', () => {
    const drawer = /(^|[/.-])(utils?|helpers?|common|types|misc)\.(test\.)?ts$/;
    expect(['src/http2/utils.ts', 'test/rpc/test-helpers.ts'].every((path) => drawer.test(path))).toBe(true);
    expect([...sources, ...filesOf('test')].filter((path) => drawer.test(path))).toEqual([]);
  });

  it('are mirrored by their tests', () => {
    const orphans = filesOf('test').filter((path) => {
      if (!path.endsWith('.test.ts') || testsWithoutModule.some((listed) => path.startsWith(listed))) return false;
      return !existsSync(join(root, path.replace(/^test\//, 'src/').replace(/\.test\.ts$/, '.ts')));
    });
    expect(orphans).toEqual([]);
  });
});

describe('importing podwire', () => {
  /** Imports a module of src/ in a process of its own, then runs `program`. @returns what was loaded, and its output. */
  async function load(path: string, program = ''): Promise<{ loaded: string[]; output: string }> {
    const hook = `
      import { writeSync } from 'node:fs';
      export function load(url, context, next) {
        writeSync(2, 'loaded ' + url + '\\n');
        return next(url, context);
      }`;
    const register = `
      import { register } from 'node:module';
      register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)});`;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      ...['--import', 'tsx', '--import', `data:text/javascript,${encodeURIComponent(register)}`],
      ...['--input-type', 'module', '--eval'],
      `import { createRequire } from 'node:module';
       const required = (name) => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('/node_modules/' + name + '/'));
       const builtins = new Set(process.moduleLoadList);
       const podwire = await import(${JSON.stringify(new URL(`../../${path}`, import.meta.url))});
       for (const name of process.moduleLoadList) if (!builtins.has(name)) console.error('loaded ' + name);
       ${program}`,
    ]);
    const loaded = [...stderr.matchAll(/^loaded (.*)$/gm)].map(([, url]) => url.replace(`file://${root}`, ''));
    return { loaded, output: stdout };
  }

  it('loads what it needs for calls, nothing else', async () => {
    const { loaded } = await load('src/index.ts');
    expect(loaded).toContain('src/index.ts');
    expect(loaded).toContain('src/http2/connection.ts');
    const folders = new Set(loaded.filter((name) => name.startsWith('src/')).map(folderOf));
    expect([...folders].sort()).toEqual([
      'client',
      'endpoint',
      'http2',
      'index.ts',
      'options',
      'rpc',
      'server',
      'socket',
      'transport',
    ]);
    expect(loaded.filter((name) => name.includes('node_modules/') && !name.includes('/@bufbuild/protobuf/'))).toEqual(
      [],
    );
    expect(loaded.filter((name) => /\b(zlib|http2)$/.test(name))).toEqual([]);
  });

  it('loads no logger, metrics, tracer or store with the CSI toolkit', async () => {
    const { loaded } = await load('src/csi/index.ts');
    expect(loaded).toContain('src/csi/plugin/create-plugin.ts');
    expect(loaded.filter((name) => name.includes('node_modules/') && !name.includes('/@bufbuild/protobuf/'))).toEqual(
      [],
    );
  });

  it('does load the services when they are asked for: the hook can see it', async () => {
    const { loaded } = await load('src/services/health/index.ts');
    expect(loaded).toContain('src/services/health/add-health.ts');
  });

  it('loads koffi at the first socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'podwire-import-'));
    try {
      const { output } = await load(
        'src/index.ts',
        `const server = podwire.createServer();
         console.log(required('koffi'));
         await server.listen(${JSON.stringify(join(folder, 'x.sock'))});
         console.log(required('koffi'));
         await server.shutdown();`,
      );
      expect(output).toBe('false\ntrue\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

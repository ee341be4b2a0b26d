import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The modules that package.json exports, without generated code. */
function entries(): string[] {
  const { exports } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as {
    exports: Record<string, string | { default: string }>;
  };
  return Object.values(exports)
    .map((target) => (typeof target === 'string' ? target : target.default))
    .filter((target) => target.startsWith('./dist/src/'))
    .map((target) => root + target.replace('./dist/', '').replace(/\.js$/, '.ts'));
}

let program: ts.Program;
let checker: ts.TypeChecker;

function compile(files: string[]): void {
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files }, ts.sys, root);
  program = ts.createProgram(files, options);
  checker = program.getTypeChecker();
}

function resolved(symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** What a module exports; true when only as a type, so that nobody can call its constructor. */
function exportsOf(file: string): Map<ts.Symbol, boolean> {
  const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
  return new Map(
    checker.getExportsOfModule(module).map((symbol) => {
      const specifier = symbol.declarations?.[0];
      return [
        resolved(symbol),
        specifier !== undefined && ts.isExportSpecifier(specifier) && ts.isTypeOnlyExportDeclaration(specifier),
      ] as const;
    }),
  );
}

/** Calls `found` for each type that whoever uses a declaration has to do with. */
function visitTypes(node: ts.Node, typeOnly: boolean, found: (name: ts.EntityName | ts.Expression) => void): void {
  const visit = (child: ts.Node): void => {
    if (ts.isBlock(child)) return;
    if (ts.isClassElement(child)) {
      if (child.name !== undefined && ts.isPrivateIdentifier(child.name)) return;
      if (typeOnly && ts.isConstructorDeclaration(child)) return;
    }
    if (ts.isHeritageClause(child) && child.token === ts.SyntaxKind.ImplementsKeyword) return;
    if (ts.isTypeReferenceNode(child)) found(child.typeName);
    if (ts.isTypeQueryNode(child)) found(child.exprName);
    if (ts.isExpressionWithTypeArguments(child)) found(child.expression);
    ts.forEachChild(child, visit);
  };
  ts.forEachChild(node, visit);
}

/** Types of podwire in the signatures of what is exported that have no name there: `Server.serve` needs `Connection`. */
function unnamed(files: string[]): string[] {
  // What another entry exports has its name there: `podwire/csi/hostpath` needs `Plugin` of `podwire/csi`.
  const named = new Set(files.flatMap((file) => [...exportsOf(file).keys()]));
  return files.flatMap((file) => {
    const exported = exportsOf(file);
    const missing = new Set<string>();
    for (const [symbol, typeOnly] of exported) {
      for (const declaration of symbol.declarations ?? []) {
        visitTypes(declaration, typeOnly, (name) => {
          const used = checker.getSymbolAtLocation(name);
          if (used === undefined) return;
          const target = resolved(used);
          const from = target.declarations?.[0]?.getSourceFile().fileName ?? '';
          if (!from.startsWith(`${root}src/`)) return;
          if (target.flags & ts.SymbolFlags.TypeParameter || named.has(target)) return;
          // One that fixes an argument of another, which has its name: `Client`.
          if (target.name === symbol.name) return;
          missing.add(`${symbol.name} needs ${target.name}`);
        });
      }
    }
    return [...missing];
  });
}

describe('the public types', () => {
  beforeAll(() => compile(entries()), 60_000);

  it('would be missed: here those of a module that is not public', () => {
    expect(unnamed([`${root}src/socket/socket-listener.ts`])).toContain('listenSocket needs Endpoint');
  });

  it('are all exported', () => {
    expect(unnamed(entries())).toEqual([]);
  });
});

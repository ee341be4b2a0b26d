import { dirname, join, normalize } from 'node:path/posix';
import ts from 'typescript';

export interface SourceImport {
  /** `src/http2/stream.ts` for a file of this project, as it is written for a package or a built-in module. */
  readonly target: string;
  /** Erased by the compiler. */
  readonly typeOnly: boolean;
  /** Not loaded with the file, but when a line of it runs: `import()`, `require()`, `process.getBuiltinModule()`. */
  readonly lazy: boolean;
}

/** All that a TypeScript file imports, exports from elsewhere or loads; `path` is relative to the project. */
export function sourceImports(path: string, text: string): SourceImport[] {
  const imports: SourceImport[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean, lazy: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const { text: name } = specifier;
    const target = name.startsWith('.') ? normalize(join(dirname(path), name)).replace(/\.js$/, '.ts') : name;
    imports.push({ target, typeOnly, lazy });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeImport(node), false);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, isTypeExport(node), false);
    else if (ts.isImportTypeNode(node))
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true, false);
    else if (ts.isCallExpression(node) && loads(node.expression)) add(node.arguments[0], false, true);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return imports;
}

function isTypeImport({ importClause: clause }: ts.ImportDeclaration): boolean {
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  const { name, namedBindings: named } = clause;
  return name === undefined && named !== undefined && ts.isNamedImports(named) && named.elements.every(isTypeOnly);
}

function isTypeExport({ isTypeOnly: whole, exportClause: clause }: ts.ExportDeclaration): boolean {
  return whole || (clause !== undefined && ts.isNamedExports(clause) && clause.elements.every(isTypeOnly));
}

function isTypeOnly(element: { readonly isTypeOnly: boolean }): boolean {
  return element.isTypeOnly;
}

/** `import`, `require`, `createRequire(...)` or `process.getBuiltinModule`, about to be called. */
function loads(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isIdentifier(callee)) return callee.text === 'require';
  if (ts.isPropertyAccessExpression(callee)) return callee.name.text === 'getBuiltinModule';
  return (
    ts.isCallExpression(callee) && ts.isIdentifier(callee.expression) && callee.expression.text === 'createRequire'
  );
}

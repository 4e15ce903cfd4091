import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import ts from 'typescript';

const printer = ts.createPrinter({ removeComments: true });

/**
 * Describes the public API of a package that is built: the names that each of its entries exports with their signatures, and
 * the types that are reached through these.
 */
export async function apiReport(directory: string): Promise<string> {
  const entries = await entriesOf(directory);
  const program = ts.createProgram([...entries.values()], options, host());
  const checker = program.getTypeChecker();
  const exported = new Map<ts.Symbol, string>();
  const sections = [...entries].map(([entry, file]) => {
    const symbols = exportsOf(file, program).map((symbol) => resolved(symbol, checker));
    for (const symbol of symbols) exported.set(symbol, entry);
    const named = symbols.map((symbol): [string, ts.Symbol] => [symbol.name, symbol]);
    return `# ${entry}: ${symbols.length} names\n\n${described(named)}`;
  });
  const reached = reachedFrom([...exported.keys()], directory, checker);
  const inner = [...reached].map((symbol): [string, ts.Symbol] => [symbol.name, symbol]);
  return [...sections, `# Reached through these: ${reached.size} types\n\n${described(inner)}`].join('\n');
}

const options: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  noLib: true,
  types: [],
};

/** Reads the package's own declarations, and none of the packages that it uses. */
function host(): ts.CompilerHost {
  const own = ts.createCompilerHost(options);
  own.resolveModuleNameLiterals = (literals, containing) =>
    literals.map(({ text }) => {
      if (!text.startsWith('.')) return { resolvedModule: undefined };
      const resolvedFileName = resolve(containing, '..', text.replace(/\.js$/, '.d.ts'));
      return { resolvedModule: { resolvedFileName, extension: ts.Extension.Dts } };
    });
  return own;
}

async function entriesOf(directory: string): Promise<Map<string, string>> {
  const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as {
    name: string;
    exports: Record<string, string | { import: { types: string } }>;
  };
  const entries = Object.entries(manifest.exports).flatMap(([path, target]): [string, string][] =>
    typeof target === 'string'
      ? []
      : [[join(manifest.name, path).replaceAll('\\', '/'), join(directory, target.import.types)]],
  );
  return new Map(entries);
}

function exportsOf(file: string, program: ts.Program): ts.Symbol[] {
  const source = program.getSourceFile(file);
  const module = source && program.getTypeChecker().getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${file} has no exports.`);
  return program.getTypeChecker().getExportsOfModule(module);
}

function resolved(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** The package's own types in the signatures of the exported ones, however deep. */
function reachedFrom(
  exported: readonly ts.Symbol[],
  directory: string,
  checker: ts.TypeChecker,
): Set<ts.Symbol> {
  const seen = new Set(exported);
  const visit = (node: ts.Node): void => {
    if (isPrivate(node)) return;
    if (ts.isIdentifier(node)) {
      const found = checker.getSymbolAtLocation(node);
      const symbol = found && resolved(found, checker);
      const own = symbol?.declarations?.filter(
        (declaration) =>
          declaration.getSourceFile().fileName.startsWith(directory) &&
          ts.isSourceFile(holderOf(declaration)),
      );
      if (symbol !== undefined && own?.length && !seen.has(symbol)) {
        seen.add(symbol);
        own.forEach(visit);
      }
    }
    ts.forEachChild(node, visit);
  };
  for (const symbol of exported) symbol.declarations?.forEach(visit);
  for (const symbol of exported) seen.delete(symbol);
  return seen;
}

/** The node around a declaration at the top of a file is the file. */
function holderOf(declaration: ts.Node): ts.Node {
  return ts.isVariableDeclaration(declaration) ? declaration.parent.parent.parent : declaration.parent;
}

function described(named: readonly (readonly [string, ts.Symbol])[]): string {
  return named
    .map(([name, symbol]) => `${name}\n${indented(signaturesOf(symbol))}\n`)
    .sort()
    .join('\n');
}

function signaturesOf(symbol: ts.Symbol): string {
  return (symbol.declarations ?? []).map((declaration) => print(declaration)).join('\n');
}

function print(declaration: ts.Node): string {
  const source = declaration.getSourceFile();
  const text = printer.printNode(ts.EmitHint.Unspecified, withoutPrivate(declaration), source);
  return text.replace(/^export (default )?(declare )?/, '').replace(/^declare /, '');
}

function withoutPrivate(declaration: ts.Node): ts.Node {
  if (!ts.isClassDeclaration(declaration)) return declaration;
  const { modifiers, name, typeParameters, heritageClauses, members } = declaration;
  return ts.factory.updateClassDeclaration(
    declaration,
    modifiers,
    name,
    typeParameters,
    heritageClauses,
    members.filter((member) => !isPrivate(member)),
  );
}

/** Whether a member of a class is of no concern to its users. */
function isPrivate(node: ts.Node): boolean {
  if (!ts.isClassElement(node)) return false;
  const isHidden = ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal');
  const name = node.name;
  return (
    isHidden ||
    (name !== undefined && ts.isPrivateIdentifier(name)) ||
    (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0
  );
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`.trimEnd())
    .join('\n');
}

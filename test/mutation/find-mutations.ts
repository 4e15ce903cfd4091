import ts from 'typescript';

import type { Mutation } from './mutation.js';

const operators: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
  [ts.SyntaxKind.AsteriskToken, '/'],
  [ts.SyntaxKind.SlashToken, '*'],
]);

/** Every change of a file that this program knows: conditions, operators, literals, fallbacks, statements. */
export function findMutations(file: string, text: string): Mutation[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const found: Mutation[] = [];
  const add = (node: ts.Node, replacement: string | undefined): void => {
    const [start, end] = [node.getStart(source), node.getEnd()];
    const line = source.getLineAndCharacterOfPosition(start).line + 1;
    found.push({ file, line, start, end, original: text.slice(start, end), replacement });
  };
  const visit = (node: ts.Node): void => {
    if (isNotRun(node)) return;
    for (const replacement of replacementsOf(node, source)) add(node, replacement);
    if (canBeLeftOut(node)) add(node, undefined);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isNotRun(node: ts.Node): boolean {
  return (
    ts.isTypeNode(node) ||
    ts.isImportDeclaration(node) ||
    ts.isExportDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isEnumDeclaration(node)
  );
}

function replacementsOf(node: ts.Node, source: ts.SourceFile): string[] {
  const textOf = (one: ts.Node): string => one.getText(source);
  if (isCondition(node)) return [...changesOf(node, textOf), 'true', 'false'];
  return changesOf(node, textOf);
}

function isCondition(node: ts.Node): boolean {
  const { parent } = node;
  if (parent === undefined) return false;
  if (ts.isIfStatement(parent)) return parent.expression === node;
  return ts.isConditionalExpression(parent) && parent.condition === node;
}

function changesOf(node: ts.Node, textOf: (node: ts.Node) => string): string[] {
  if (ts.isBinaryExpression(node)) {
    const { left, operatorToken, right } = node;
    if (operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) return [textOf(left)];
    const operator = operators.get(operatorToken.kind);
    return operator === undefined || hasText(node) ? [] : [`${textOf(left)} ${operator} ${textOf(right)}`];
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    return [textOf(node.operand)];
  }
  if (ts.isCallExpression(node)) {
    const text = textOf(node);
    if (text.startsWith('Math.min(')) return [text.replace('Math.min(', 'Math.max(')];
    return text.startsWith('Math.max(') ? [text.replace('Math.max(', 'Math.min(')] : [];
  }
  return literalsOf(node, textOf);
}

function literalsOf(node: ts.Node, textOf: (node: ts.Node) => string): string[] {
  if (node.kind === ts.SyntaxKind.TrueKeyword) return ['false'];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return ['true'];
  if (ts.isNumericLiteral(node) && !isName(node)) return [`(${textOf(node)} + 1)`];
  // A text with spaces is for people.
  if (ts.isStringLiteral(node) && !isName(node) && /^[^\s]+$/.test(node.text)) return ["''"];
  return [];
}

/** Concatenations of texts have no other operator. */
function hasText({ left, operatorToken, right }: ts.BinaryExpression): boolean {
  if (operatorToken.kind !== ts.SyntaxKind.PlusToken) return false;
  return [left, right].some((one) => ts.isStringLiteralLike(one) || ts.isTemplateExpression(one));
}

/** Whether a literal is a name, of a member or of a module. */
function isName({ parent }: ts.Node): boolean {
  if (ts.isCallExpression(parent)) return parent.expression.kind === ts.SyntaxKind.ImportKeyword;
  return ts.isPropertyAssignment(parent)
    ? ts.isLiteralExpression(parent.name)
    : ts.isMethodDeclaration(parent);
}

/** A statement without which the rest can still be compiled. The last `return` of a function is not early. */
function canBeLeftOut(node: ts.Node): boolean {
  if (ts.isThrowStatement(node)) return !isLast(node);
  if (ts.isReturnStatement(node)) return !isLast(node);
  if (!ts.isExpressionStatement(node)) return false;
  const { expression } = node;
  const isSuper =
    ts.isCallExpression(expression) && expression.expression.kind === ts.SyntaxKind.SuperKeyword;
  return !isSuper && !ts.isStringLiteral(expression);
}

function isLast(node: ts.Statement): boolean {
  const { parent } = node;
  if (!ts.isBlock(parent)) return false;
  return parent.statements.at(-1) === node && ts.isFunctionLike(parent.parent);
}

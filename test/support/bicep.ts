type Value = string | number | boolean | Value[] | { [key: string]: Value };

/** A declaration of a Bicep file. */
export interface BicepDeclaration {
  kind: string;
  name: string;
  /** Of a resource: its type with the version of the API. */
  type: string;
  value: Value;
}

const tokens =
  /[ \t]*(?:\/\/[^\n]*)?(\n|'(?:\$\{[^}]*\}|\\.|[^'\\\n])*'|[\w.]+(?:\([^()]*\))?(?:\.\w+)*|[{}[\]:=,])/gy;

/** The part of Bicep that the pages use: `resource`, `param` and `var`, with objects, arrays, texts and expressions. */
export function parseBicep(text: string): BicepDeclaration[] {
  const parser = new Parser(text);
  const declarations: BicepDeclaration[] = [];
  while (parser.skipLines()) declarations.push(parser.declaration());
  return declarations;
}

class Parser {
  readonly #tokens: string[] = [];
  #at = 0;

  constructor(text: string) {
    tokens.lastIndex = 0;
    const end = text.trimEnd().length;
    for (let position = 0; position < end; position = tokens.lastIndex) {
      tokens.lastIndex = position;
      const [, token] = tokens.exec(text) ?? [];
      if (token === undefined) throw new SyntaxError(`Not Bicep: ${text.slice(position, position + 40)}`);
      this.#tokens.push(token);
    }
  }

  /** Whether something follows the ends of lines. */
  skipLines(): boolean {
    while (this.#peek() === '\n') this.#at++;
    return this.#at < this.#tokens.length;
  }

  declaration(): BicepDeclaration {
    const kind = this.#take(/^(resource|param|var|output)$/);
    const name = this.#take(/^[a-z]\w*$/i);
    const pattern = kind === 'resource' ? /^'[\w.]+(\/\w+)+@\d{4}-\d\d-\d\d(-preview)?'$/ : /^\w+$/;
    const type = kind === 'var' ? '' : this.#take(pattern);
    if (kind === 'param' && this.#peek() !== '=') return { kind, name, type, value: '' };
    this.#take(/^=$/);
    const value = this.#value();
    if (this.#at < this.#tokens.length) this.#take(/^\n$/);
    return { kind, name, type: type.slice(1, -1), value };
  }

  #value(): Value {
    const token = this.#take(/^([{[]|'.*'|[\w.]+(\(.*\))?(\.\w+)*)$/);
    if (token === '{')
      return this.#members(
        '}',
        () => [this.#key(), this.#value()] as const,
        (entries) => Object.fromEntries(entries) as Record<string, Value>,
      );
    if (token === '[')
      return this.#members(
        ']',
        () => this.#value(),
        (items: Value[]) => items,
      );
    return token.startsWith("'") ? token.slice(1, -1) : token;
  }

  #key(): string {
    const key = this.#take(/^(\w+|'.+')$/);
    this.#take(/^:$/);
    return key.replaceAll("'", '');
  }

  /** Members are apart by commas or by lines. */
  #members<T, R>(end: string, member: () => T, make: (members: T[]) => R): R {
    const members: T[] = [];
    for (this.skipLines(); this.#peek() !== end; this.#separator(end)) members.push(member());
    this.#at++;
    return make(members);
  }

  #separator(end: string): void {
    if (this.#peek() !== end) this.#take(/^[,\n]$/);
    this.skipLines();
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #take(expected: RegExp): string {
    const token = this.#peek();
    if (token === undefined || !expected.test(token)) {
      throw new SyntaxError(`Bicep has "${token ?? 'its end'}" where ${String(expected)} is expected.`);
    }
    this.#at++;
    return token;
  }
}

import { inspect, types } from 'node:util';

/** A secret that was found where it must not be. Shows where, never what. */
export interface Leak {
  /** What was scanned, such as `stdout of the sample`. */
  where: string;
  /** `token`, or the name that the secret was given. */
  what: string;
  /** The text before and after it. */
  around: string;
}

const contextLength = 40;
const mark = '‹leak›';

// What every JWT begins with: `{"` in base64url. As bytes, for buffers in the output of `inspect`.
const jsonWebToken = /\beyJ[\w-]{10,}(?:\.[\w-]*){0,4}/g;
const jsonWebTokenBytes = /\b65 ?79 ?4a(?: ?[0-9a-f]{2}){8,}/gi;
const base64Run = /[\w+/-]{24,}={0,2}/g;

/**
 * Looks for access tokens and other secrets in whatever a program puts out: its output, its errors, its objects. Texts of
 * one source are joined, so that a secret that arrives in pieces is found too.
 *
 * ```ts
 * const scan = new SecretScan({ 'client secret': entra.client.clientSecret });
 * child.stdout.on('data', (chunk) => scan.text('stdout', chunk));
 * scan.value('error', error);
 * expect(scan.leaks()).toEqual([]);
 * ```
 */
export class SecretScan {
  readonly #texts = new Map<string, string>();
  readonly #secrets = new Map<string, string>();

  constructor(secrets: Readonly<Record<string, string>> = {}) {
    this.protect(secrets);
  }

  /** How much has been looked at: a scan of nothing proves nothing. */
  get length(): number {
    return [...this.#texts.values()].reduce((sum, text) => sum + text.length, 0);
  }

  /** Secrets to look for, by name, also in texts that were given before. */
  protect(secrets: Readonly<Record<string, string>>): void {
    for (const [name, secret] of Object.entries(secrets)) this.#secrets.set(name, secret);
  }

  /** Adds a text, or the next piece of one. */
  text(where: string, text: string): void {
    this.#texts.set(where, (this.#texts.get(where) ?? '') + text);
  }

  /** Adds an object in every way that it may come to light: inspected to its depths, as JSON, as text. */
  value(where: string, value: unknown): void {
    this.text(where, `${inspect(value, everything)}\n`);
    this.text(where, `${toJson(value)}\n`);
    for (let error = value; error instanceof Error; error = error.cause) {
      this.text(where, `${String(error)}\n${error.stack}\n`);
    }
  }

  /**
   * Adds an object and all that can be reached from it, each once and under its path: `inspect` repeats what is shared,
   * which has no end for an application.
   */
  reachable(where: string, root: object): void {
    const paths = new Map<object, string>([[root, where]]);
    for (const [holder, path] of paths) {
      this.text(path, `${inspect(holder, { ...everything, depth: 0 })}\n`);
      for (const [step, value] of contentsOf(holder)) {
        const isObject = typeof value === 'object' || typeof value === 'function';
        if (isObject && value !== null && value !== globalThis && value !== process && !paths.has(value)) {
          paths.set(value, `${path}${step}`);
        }
      }
    }
  }

  leaks(): Leak[] {
    return [...this.#texts].flatMap(([where, text]) => [
      ...find(where, 'token', text, jsonWebToken),
      ...find(where, 'token', text, jsonWebTokenBytes),
      ...[...this.#secrets].flatMap(([what, secret]) => find(where, what, text, anyFormOf(secret))),
      ...this.#encoded(where, text),
    ]);
  }

  /** What hides in base64, such as the secret in a `Basic` header. */
  #encoded(where: string, text: string): Leak[] {
    return [...text.matchAll(base64Run)].flatMap((run) => {
      const plain = Buffer.from(run[0], 'base64').toString('latin1');
      const found = [...this.#secrets].filter(([, secret]) => plain.includes(secret)).map(([what]) => what);
      if (/eyJ[\w-]{10,}\.eyJ/.test(plain)) found.push('token');
      return found.map((what) => ({ where, what, around: around(text, run.index, run[0].length) }));
    });
  }
}

const everything = {
  depth: Infinity,
  showHidden: true,
  maxArrayLength: null,
  maxStringLength: null,
  breakLength: Infinity,
};

/** What `inspect` would descend to: own values, hidden ones too, and those of collections; no getter is called. */
function contentsOf(holder: object): [string, unknown][] {
  const own = Reflect.ownKeys(holder).map((name): [string, unknown] => [
    `.${String(name)}`,
    Reflect.getOwnPropertyDescriptor(holder, name)?.value,
  ]);
  if (ArrayBuffer.isView(holder)) return [];
  if (types.isSet(holder)) own.push(...[...holder].map((value): [string, unknown] => ['[set]', value]));
  if (types.isMap(holder)) {
    for (const [name, value] of holder) own.push(['[key]', name], [`[${String(name)}]`, value]);
  }
  return own;
}

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    // Circular or hostile to JSON: what `inspect` shows must do.
    return '';
  }
}

function anyFormOf(secret: string): RegExp {
  const forms = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('hex'),
    Buffer.from(secret)
      .toString('hex')
      .replace(/..(?!$)/g, '$& '),
  ];
  return new RegExp(forms.map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'g');
}

function find(where: string, what: string, text: string, pattern: RegExp): Leak[] {
  return [...text.matchAll(pattern)].map((match) => ({
    where,
    what,
    around: around(text, match.index, match[0].length),
  }));
}

function around(text: string, start: number, length: number): string {
  const end = start + length;
  return text.slice(Math.max(0, start - contextLength), start) + mark + text.slice(end, end + contextLength);
}

/** One challenge of a `WWW-Authenticate` header. Scheme and names of parameters are in lower case. */
export interface AuthenticationChallenge {
  scheme: string;
  parameters: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+.^_`|~\\w-]+";
const separators = /[ \t,]*/y;
const scheme = new RegExp(token, 'y');
const token68 = /[ \t]+[\w\-.~+/]+=*[ \t]*(?=,|$)/y;
const startOfParameters = /[ \t]+/y;
const parameter = new RegExp(
  `(${token})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))[ \\t]*(?=,|$)`,
  'y',
);
const nextParameter = /[ \t]*,[ \t,]*/y;

/**
 * The challenges of a `WWW-Authenticate` header, or `undefined` when it is none. Several such headers are one with
 * commas in between, as `fetch` joins them.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export function parseChallenges(header: string): AuthenticationChallenge[] | undefined {
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match !== null) at += match[0].length;
    return match;
  };
  const takeParameters = (): Map<string, string> => {
    const parameters = new Map<string, string>();
    if (take(token68) !== null || take(startOfParameters) === null) return parameters;
    let before = at;
    for (let next = take(parameter); next !== null; next = take(parameter)) {
      const [, name = '', quoted, plain = ''] = next;
      parameters.set(name.toLowerCase(), quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1'));
      before = at;
      take(nextParameter);
    }
    // After a comma comes either another parameter or the next challenge.
    at = before;
    return parameters;
  };

  const challenges: AuthenticationChallenge[] = [];
  for (;;) {
    const start = at;
    const separated = take(separators)?.[0].includes(',') ?? false;
    if (at === header.length) return challenges;
    if (start > 0 && !separated) return undefined;
    const name = take(scheme)?.[0].toLowerCase();
    if (name === undefined) return undefined;
    challenges.push({ scheme: name, parameters: takeParameters() });
  }
}

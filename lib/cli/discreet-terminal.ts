import type { Clock } from '../common/clock.js';
import { withoutSecrets } from '../common/known-secrets.js';
import { keysVariable } from './key-ring.js';

const secretVariables = ['AZURE_CLIENT_SECRET', 'AZURE_REFRESH_TOKEN', 'AZURE_CLIENT_CERTIFICATE_PASSWORD'];
const proxyVariables = /^(https?|all)_proxy$/i;
const shortestSecret = 4;

/**
 * A terminal whose messages contain no secret of the environment, and nothing of the command line that looks like one.
 * Results are written as they are, but for what stands in the command line.
 */
export function discreetTerminal(terminal: Terminal, args: readonly string[]): Terminal {
  const fromArguments = args.flatMap((arg) => [arg, arg.slice(arg.indexOf('=') + 1)]).filter(looksSecret);
  const fromEnvironment = Object.entries(terminal.env).flatMap(([name, value]) =>
    secretsOf(name, value ?? ''),
  );
  const all = [...fromArguments, ...fromEnvironment];
  return {
    env: terminal.env,
    inputIsTyped: terminal.inputIsTyped,
    clock: terminal.clock,
    now: () => terminal.now(),
    readInput: () => terminal.readInput(),
    out: (text) => terminal.out(withoutSecrets(text, fromArguments)),
    err: (text) => terminal.err(withoutSecrets(text, all)),
  };
}

function secretsOf(name: string, value: string): string[] {
  if (value.trim().length < shortestSecret) return [];
  if (secretVariables.includes(name)) return [value, value.trim()];
  if (name === keysVariable) {
    return value
      .split(',')
      .flatMap((entry) => [entry.trim(), ...entry.trim().split('=')])
      .filter(isLongOrMixed);
  }
  if (proxyVariables.test(name))
    return [/\/\/([^/@]*)@/.exec(value)?.[1] ?? ''].filter((part) => part !== '');
  return name.startsWith('AZURE_') && looksSecret(value) ? [value, value.trim()] : [];
}

/** Whether a part of a text could be a token, a key or a generated secret: long, unbroken and of mixed characters. */
function looksSecret(text: string): boolean {
  return (text.match(/[\w~+=-]{20,}/g) ?? []).some(
    (run) => run.length >= 200 || (/[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run)),
  );
}

function isLongOrMixed(text: string): boolean {
  return text.length > 40 || looksSecret(text);
}

/** What the program has around it, so that a test can be in its place. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For results. */
  out(text: string): void;
  /** For everything that is not a result. */
  err(text: string): void;
  /** All of standard input. */
  readInput(): Promise<string>;
  /** Whether a person types the input. */
  readonly inputIsTyped: boolean;
  now(): number;
  /** Paces what waits. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

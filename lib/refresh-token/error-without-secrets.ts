import { isEntraAuthError } from '../common/entra-auth.error.js';
import { withoutSecrets } from '../common/known-secrets.js';
import { redactError } from '../common/redaction.js';

/** Copies an error of other code, without the secrets that this code was given. */
export function errorWithoutSecrets(error: unknown, secrets: readonly string[]): Error {
  const copy = redactError(error);
  clean(copy, secrets);
  return copy;
}

function clean(copy: Error, secrets: readonly string[]): void {
  if (isEntraAuthError(copy)) return;
  for (const key of ['message', 'stack'] as const) {
    const text = copy[key];
    if (text !== undefined) Object.defineProperty(copy, key, { value: withoutSecrets(text, secrets) });
  }
  const { errors = [] } = copy as { errors?: Error[] };
  for (const inner of errors) clean(inner, secrets);
  if (copy.cause instanceof Error) clean(copy.cause, secrets);
}

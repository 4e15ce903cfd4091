import { isEntraAuthError, problemOf } from '../../common/entra-auth.error.js';
import { redact } from '../../common/redaction.js';
import { asError } from '../../common/thrown.js';
import { remedyOf } from '../../reference/error-reference.js';

/** The parts of the way from the application to its data, in the order in which they are looked at. */
export type CheckName =
  | 'credential'
  | 'proxy'
  | 'authority'
  | 'clock'
  | 'token'
  | 'cloud'
  | 'server'
  | 'login'
  | 'pooler'
  | 'redis';

/** What one check found. Free of secrets. */
export interface Finding {
  readonly check: CheckName;
  readonly status: 'ok' | 'warn' | 'fail';
  /** What is so. */
  readonly text: string;
  /** What to do; absent when nothing is wrong. */
  readonly remedy?: string;
  /** Code of the error: `ENTRA_…`. */
  readonly code?: string;
  /** The number in the `AADSTS…` code. */
  readonly aadsts?: number;
  /** What was read on the way, such as claims of the token. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
  readonly durationInMs?: number;
}

export const ok = (check: CheckName, text: string, more: Partial<Finding> = {}): Finding => ({
  check,
  status: 'ok',
  text,
  ...more,
});

export const warn = (check: CheckName, text: string, remedy?: string): Finding => ({
  check,
  status: 'warn',
  text,
  ...(remedy === undefined ? {} : { remedy }),
});

export const fail = (
  check: CheckName,
  text: string,
  remedy: string,
  more: Partial<Finding> = {},
): Finding => ({ check, status: 'fail', text, remedy, ...more });

/** What an error means, with its remedy from the error itself or from the reference. */
export function failed(check: CheckName, error: unknown, otherwise: string): Finding {
  const known = isEntraAuthError(error);
  const text = redact(known ? problemOf(error) : asError(error).message);
  const aadsts: unknown = known ? Reflect.get(error, 'aadsts') : undefined;
  return fail(check, text, redact(remedyOf(error) ?? otherwise), {
    ...(known && { code: error.code }),
    ...(typeof aadsts === 'number' && { aadsts }),
  });
}

import type { Timestamp } from '../common/clock.js';
import { aadstsMeaning } from './aadsts.js';

/** What the application authenticates with, as far as its end is known. Free of secrets. */
export interface ClientCredentialState {
  /** The end of a secret is known only when it has come: from AADSTS7000222. */
  kind: 'certificate' | 'secret';
  /** When it expires; absent for a secret. */
  expiresAt?: Date;
  isExpired: boolean;
  /** What is wrong; absent while the end is more than 30 days away. */
  problem?: string;
  /** What an operator must do about it. */
  fix?: string;
}

/** A credential that knows when the certificate that it sends expires. */
export interface CertificateHolder {
  /** Returns what is known, without a request, a wait or an error. */
  certificateExpiresAt(): Date | undefined;
}

const expiredSecret = 7000222;
const expiredSecretProblem = `Entra refuses the client secret of the application as expired (AADSTS${expiredSecret}).`;
const day = 86_400_000;
/** How long before the end of a certificate the warning begins. */
const warningInMs = 30 * day;
const renewCertificate =
  'Create a new certificate, add it to the registration of the application, and put it where the old one is; a file ' +
  'is read again without a restart.';

/** Reads the end of the certificate of a credential that has one. */
export function certificateExpiryOf(credential: unknown): Date | undefined {
  if (typeof credential !== 'object' || credential === null) return undefined;
  const { certificateExpiresAt } = credential as Partial<CertificateHolder>;
  if (typeof certificateExpiresAt !== 'function') return undefined;
  try {
    const end: unknown = certificateExpiresAt.call(credential);
    return end instanceof Date && !Number.isNaN(end.getTime()) ? end : undefined;
  } catch {
    return undefined;
  }
}

/** What is known of the end of the application's own certificate or secret; `undefined` when nothing is. */
export function clientCredentialState(
  certificateExpiresAt: Date | undefined,
  aadsts: number | undefined,
  now: Timestamp,
): ClientCredentialState | undefined {
  if (certificateExpiresAt !== undefined) return certificateState(certificateExpiresAt, now);
  if (aadsts !== expiredSecret) return undefined;
  const fix = aadstsMeaning(aadsts)?.remedy ?? '';
  return { kind: 'secret', isExpired: true, problem: expiredSecretProblem, fix };
}

function certificateState(expiresAt: Date, now: Timestamp): ClientCredentialState {
  const leftInMs = expiresAt.getTime() - now;
  const base = { kind: 'certificate', expiresAt, isExpired: leftInMs <= 0 } as const;
  if (leftInMs > warningInMs) return base;
  const time = expiresAt.toISOString();
  const problem =
    leftInMs <= 0
      ? `The client certificate expired at ${time}.`
      : `The client certificate expires at ${time}, in ${Math.floor(leftInMs / day)} days.`;
  return { ...base, problem, fix: renewCertificate };
}

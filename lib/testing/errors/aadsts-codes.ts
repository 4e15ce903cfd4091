import { conditionalAccess } from './codes/conditional-access.codes.js';
import { signIn } from './codes/sign-in.codes.js';
import { clients } from './codes/clients.codes.js';
import { requests } from './codes/requests.codes.js';

/** What Entra sends with an AADSTS code. */
export interface AadstsDefaults {
  error: string;
  description: string;
  /** @default 400 */
  status?: number;
  /** What the user has to do, where Entra tells. */
  suberror?: string;
  /** Whether `claims` come along, which the next sign-in has to ask for. */
  claims?: true;
}

export type AadstsCodes = Readonly<Record<number, AadstsDefaults>>;

/** The service itself. */
const service: AadstsCodes = {
  90006: {
    error: 'temporarily_unavailable',
    description: 'The service is temporarily unavailable. Please try again.',
    status: 503,
  },
  90012: {
    error: 'temporarily_unavailable',
    description: 'The request has timed out. Please try again.',
    status: 503,
  },
  90033: {
    error: 'temporarily_unavailable',
    description: 'A transient error has occurred. Please try again.',
    status: 503,
  },
  90055: {
    error: 'temporarily_unavailable',
    description: 'There are too many incoming requests. Please try again later.',
    status: 429,
  },
};

const codes: AadstsCodes = { ...conditionalAccess, ...signIn, ...clients, ...requests, ...service };

const unknownCode: AadstsDefaults = { error: 'invalid_grant', description: 'The request was refused.' };

/** The `error`, status and description that Entra sends with a code, or general ones for a code not known here. */
export function aadstsDefaults(code: number): AadstsDefaults {
  return codes[code] ?? unknownCode;
}

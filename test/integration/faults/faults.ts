import type { Fault, LocalEntra } from 'nestjs-entra-auth/testing';

import type { MachineClock } from '../../support/machine-clock.js';
import type { CredentialKind } from './credential-kinds.js';
import { breakNameLookup, repairNameLookup } from './name-lookup.js';

const minuteInMs = 60_000;

/** What a fault can change. */
export interface World {
  entra: LocalEntra;
  clock: MachineClock;
  kind: CredentialKind;
}

/** A row of the fault matrix. */
export interface FaultRow {
  title: string;
  begin(world: World): Promise<void> | void;
  end(world: World): Promise<void> | void;
  retryAfterInMs?: number;
  /** Requests arrive and are never answered in full. */
  hangs?: boolean;
  /** The process does not run while it lasts. */
  stopsTheProcess?: boolean;
  /** Sockets cannot find the endpoint by its name. */
  breaksNameLookup?: boolean;
  /** Tokens of this length are handed out in the end. */
  tokenLongerThan?: number;
}

const isInTheToken = ({ kind }: Fault): boolean => kind.endsWith('-token') || kind === 'wrong-audience';

const answer = (title: string, fault: Fault, more: Partial<FaultRow> = {}): FaultRow => ({
  title,
  begin: ({ entra, kind }) => entra.faults.set(isInTheToken(fault) ? kind.endpoint : kind.affected, fault),
  end: ({ entra }) => entra.faults.clear(),
  ...more,
});

const status = (code: number): FaultRow => answer(String(code), { kind: 'http-status', status: code });

const withBody = (code: number): FaultRow =>
  answer(`${code}, JSON body`, {
    kind: 'http-status',
    status: code,
    body: { error: 'temporarily_unavailable', error_description: 'The service is down.' },
  });

/** What a person must repair, as each endpoint reports it. */
const unknownIdentity: FaultRow = {
  title: '400, identity unknown',
  begin: ({ entra, kind }) => {
    if (kind.endpoint === 'token') return entra.faults.set('token', { kind: 'entra-error', code: 700016 });
    const message = 'No User Assigned or Delegated Managed Identity found for specified ClientId.';
    const body =
      kind.endpoint === 'imds'
        ? { error: 'invalid_request', error_description: 'Identity not found' }
        : { statusCode: 400, message };
    return entra.faults.set(kind.endpoint, { kind: 'http-status', status: 400, body });
  },
  end: ({ entra }) => entra.faults.clear(),
};

const throttled = (retryAfter: number, words: string): FaultRow =>
  answer(
    `429, Retry-After ${words}`,
    { kind: 'http-status', status: 429, retryAfter },
    { retryAfterInMs: retryAfter * 1000 },
  );

const clockOff = (title: string, byInMs: number): FaultRow => ({
  title,
  begin: ({ clock }) => clock.setWrong(byInMs),
  end: ({ clock }) => clock.setWrong(-byInMs),
});

const stoppedProcess: FaultRow = {
  title: 'process stopped and continued past the expiry',
  stopsTheProcess: true,
  begin: ({ clock, kind }) => clock.jump(kind.tokenLifeInMs + minuteInMs),
  end: () => undefined,
};

/** In the order of the table. */
export const faultRows: readonly FaultRow[] = [
  status(500),
  status(502),
  withBody(500),
  withBody(503),
  status(408),
  status(429),
  throttled(3, '3 s'),
  throttled(3600, '1 h'),
  unknownIdentity,
  answer('connection refused', { kind: 'connection-refused' }),
  answer('connection reset', { kind: 'connection-reset' }),
  {
    title: 'DNS failure',
    breaksNameLookup: true,
    begin: async ({ entra, kind }) => {
      // An open connection needs no name: all are cut.
      await entra.faults.set(kind.affected, { kind: 'connection-refused' });
      await entra.faults.clear();
      breakNameLookup();
    },
    end: repairNameLookup,
  },
  answer('hang before the headers', { kind: 'hang-before-headers' }, { hangs: true }),
  answer('hang inside the body', { kind: 'hang-in-body' }, { hangs: true }),
  answer('garbage JSON', { kind: 'invalid-json' }),
  answer('HTML error page', { kind: 'html-page' }),
  answer('200 with an error body', { kind: 'entra-error', code: 90033, status: 200 }),
  answer('token already expired on arrival', { kind: 'expired-token' }),
  // Caches take these two for good tokens and keep them, although they cannot be used.
  answer('expired token that is promised to live an hour', {
    kind: 'expired-token',
    claimedLifetimeInSeconds: 3600,
  }),
  answer('token for a wrong audience', { kind: 'wrong-audience' }),
  answer('the same token for ever', { kind: 'same-token' }),
  answer('huge token', { kind: 'huge-token', minimumLength: 8_000 }, { tokenLongerThan: 8_000 }),
  clockOff('clock +10 min', 10 * minuteInMs),
  clockOff('clock −10 min', -10 * minuteInMs),
  stoppedProcess,
];

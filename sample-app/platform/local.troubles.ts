import type { LocalEntra } from 'nestjs-entra-auth/testing';

import type { Trouble } from './trouble.js';

type Fault = Parameters<LocalEntra['faults']['set']>[1];

/** What can go wrong on the local platform. A fault of the token endpoint lasts until it is cleared. */
export function localTroubles({ faults, postgres }: LocalEntra): Trouble[] {
  let lasting: string | undefined;
  const atTokenEndpoint = (name: string, label: string, description: string, fault: Fault): Trouble => ({
    name,
    label,
    description,
    isAtTokenEndpoint: true,
    isOn: () => lasting === name,
    start: async () => {
      lasting = name;
      await faults.set('token', fault);
      return `${description} The held tokens go on serving.`;
    },
  });
  const clear = async (): Promise<string> => {
    lasting = undefined;
    await faults.clear();
    return 'The token endpoint is well again.';
  };
  return [
    atTokenEndpoint('unavailable', 'Answer 503', 'The token endpoint answers 503.', {
      kind: 'http-status',
      status: 503,
    }),
    atTokenEndpoint('hang', 'Hang', 'The token endpoint takes requests and does not answer.', {
      kind: 'hang-before-headers',
    }),
    atTokenEndpoint('expire-secret', 'Expire the secret', 'The client secret has expired: AADSTS7000222.', {
      kind: 'entra-error',
      code: 7_000_222,
    }),
    {
      name: 'revoke',
      label: 'Revoke the token',
      description: 'PostgreSQL refuses the tokens that were issued so far; the next login gets another one.',
      isAtTokenEndpoint: false,
      start: () => {
        postgres.revokeAll();
        return Promise.resolve('PostgreSQL refuses the tokens that were issued so far.');
      },
    },
    {
      name: 'restart',
      label: 'Restart PostgreSQL',
      description: 'Every connection ends, and logins are refused for a moment.',
      isAtTokenEndpoint: false,
      start: async () => {
        await postgres.restart();
        return 'PostgreSQL has restarted.';
      },
    },
    {
      name: 'clear',
      isAtTokenEndpoint: true,
      label: 'Clear',
      description: 'Ends the fault of the token endpoint.',
      start: clear,
    },
  ];
}

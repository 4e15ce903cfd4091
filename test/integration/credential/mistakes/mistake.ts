import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { CredentialConfiguration, EntraAuthModuleOptions } from 'nestjs-entra-auth';
import type { LocalEntra } from 'nestjs-entra-auth/testing';

export type Fault = Parameters<LocalEntra['faults']['set']>[1];

/** What a set-up can use. */
export interface Ground {
  entra: LocalEntra;
  /** For files; removed at the end. */
  directory: string;
  /** A certificate authority that signed nothing, as PEM. */
  foreignAuthority: string;
}

/** A set-up that gets no token, and what its operator reads. */
export interface Mistake {
  title: string;
  configuration(ground: Ground): CredentialConfiguration;
  /** What else is wrong, at the endpoints or in the environment. */
  prepare?(ground: Ground): unknown;
  resources?: EntraAuthModuleOptions['resources'];
  /** Whether an attempt ends only by a deadline. */
  hangs?: true;
  /** The whole message after the name of the resource. */
  message: string;
  /** Attempts in the thirty seconds that the start waits; absent when the first one ends it. */
  attempts?: number;
}

/** An id that Entra does not know. */
export const other = '99999999-9999-4999-8999-999999999999';

export const fileOf = ({ directory }: Ground, name: string, content: string | Buffer): string => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};

const application = ({ entra }: Ground): object => ({
  tenantId: entra.tenantId,
  clientId: entra.client.clientId,
  authorityHost: entra.authorityHost,
  certificateAuthority: entra.certificateAuthority,
});

const of = (kind: string, ground: Ground, changes: object): CredentialConfiguration =>
  ({ kind, ...application(ground), ...changes }) as CredentialConfiguration;

export const secret = (ground: Ground, changes: object = {}): CredentialConfiguration =>
  of('client-secret', ground, { clientSecret: ground.entra.client.clientSecret, ...changes });
export const certificate = (ground: Ground, changes: object): CredentialConfiguration =>
  of('client-certificate', ground, changes);
export const pod = (ground: Ground, changes: object = {}): CredentialConfiguration =>
  of('workload-identity', ground, {
    tokenFilePath: ground.entra.client.federatedTokenFile,
    ...changes,
  });

/** Lets the token endpoint fail. */
export const token =
  (fault: Fault) =>
  ({ entra }: Ground) =>
    entra.faults.set('token', fault);

import 'reflect-metadata';
import { generateKeyPairSync, randomUUID, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import jwt from 'jsonwebtoken';
import pg from 'pg';

import {
  startLocalPostgres,
  type LocalPostgres,
  type LocalPostgresOptions,
} from '../../../lib/testing/postgres/index.js';
import { TokenRefusedError, type TokenRefusedReason } from '../../../lib/testing/token-refused.error.js';
import type { VerifiedClaims } from '../../../lib/testing/tokens/verified-token.js';
import { startWatchdog } from '../../../lib/testing/watchdog.js';

const AUDIENCE = 'https://ossrdbms-aad.database.windows.net';
const TENANT = '11111111-2222-4333-8444-555555555555';
export const APP_ROLE = { name: 'app-identity', objectId: '0a0a0a0a-0000-4000-8000-00000000000a' };

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const strangerKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** Time that the test moves; server and tokens agree on it. */
export class TestClock {
  private offsetInMs = 0;
  readonly now = (): number => Date.now() + this.offsetInMs;
  advance(seconds: number): void {
    this.offsetInMs += seconds * 1000;
  }
}

export interface TokenWishes {
  claims?: Record<string, unknown>;
  lifeInSeconds?: number;
  startsInSeconds?: number;
  key?: typeof strangerKey;
}

function makeToken(clock: TestClock, wishes: TokenWishes = {}): string {
  const iat = Math.floor(clock.now() / 1000);
  const claims = {
    aud: AUDIENCE,
    tid: TENANT,
    oid: APP_ROLE.objectId,
    iat,
    nbf: iat + (wishes.startsInSeconds ?? 0),
    exp: iat + (wishes.lifeInSeconds ?? 3600),
    jti: randomUUID(),
    ...wishes.claims,
  };
  return jwt.sign(claims, wishes.key ?? keys.privateKey, { algorithm: 'ES256' });
}

function verifier(clock: TestClock): (token: string) => VerifiedClaims {
  return (token) => {
    try {
      const options = {
        algorithms: ['ES256' as const],
        audience: AUDIENCE,
        clockTimestamp: clock.now() / 1000,
      };
      const claims = jwt.verify(token, keys.publicKey, options) as unknown as VerifiedClaims;
      if (claims.tid !== TENANT) throw new TokenRefusedError('tenant', 'another tenant');
      return claims;
    } catch (error) {
      if (error instanceof TokenRefusedError) throw error;
      throw new TokenRefusedError(reasonOf(error), 'refused by the test verifier');
    }
  };
}

function reasonOf(error: unknown): TokenRefusedReason {
  if (error instanceof jwt.TokenExpiredError) return 'expired';
  if (error instanceof jwt.NotBeforeError) return 'not-yet-valid';
  const message = error instanceof Error ? error.message : '';
  if (message === 'invalid signature') return 'signature';
  return message.startsWith('jwt audience invalid') ? 'audience' : 'malformed';
}

let certificate: Promise<{ key: string; cert: string }> | undefined;

/** A self-signed certificate for `localhost`, which is its own authority. */
export function makeCertificate(): Promise<{ key: string; cert: string }> {
  certificate ??= generateCertificate();
  return certificate;
}

async function generateCertificate(): Promise<{ key: string; cert: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const pair = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const names = [{ type: 'dns' as const, value: 'localhost' }];
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    keys: pair,
    name: 'CN=localhost',
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension(names)],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', pair.privateKey)).toString('base64');
  const lines = pkcs8.match(/.{1,64}/g)?.join('\n');
  return {
    key: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
    cert: cert.toString('pem'),
  };
}

export interface TestServer {
  server: LocalPostgres;
  clock: TestClock;
  token: (wishes?: TokenWishes) => string;
  /** Settings of a client that brings this token. */
  client: (password?: string, more?: pg.ClientConfig) => pg.ClientConfig;
  /** Logs in, runs the work and leaves. */
  session: <T>(work: (client: pg.Client) => Promise<T>, more?: pg.ClientConfig) => Promise<T>;
  /** The error of a login that must fail. */
  refusal: (password: string, more?: pg.ClientConfig) => Promise<pg.DatabaseError>;
  stop: () => Promise<void>;
}

export async function startTestServer(options: LocalPostgresOptions = {}): Promise<TestServer> {
  const clock = new TestClock();
  const tls = await makeCertificate();
  const watchdog = startWatchdog();
  const server = await startLocalPostgres({
    options,
    defaultRole: APP_ROLE,
    tls,
    verifyToken: verifier(clock),
    watchdog,
    now: clock.now,
    backdatedBySeconds: 0,
  });
  const token = (wishes?: TokenWishes): string => makeToken(clock, wishes);
  const client = (password = token(), more: pg.ClientConfig = {}): pg.ClientConfig => ({
    host: server.host,
    port: server.port,
    database: server.database,
    user: server.username,
    password,
    ssl: { ca: tls.cert },
    ...more,
  });
  const session = async <T>(work: (client: pg.Client) => Promise<T>, more?: pg.ClientConfig): Promise<T> => {
    const connected = new pg.Client(client(undefined, more));
    await connected.connect();
    try {
      return await work(connected);
    } finally {
      await connected.end();
    }
  };
  const refusal = async (password: string, more?: pg.ClientConfig): Promise<pg.DatabaseError> => {
    const refused = new pg.Client(client(password, more));
    refused.on('error', () => undefined);
    try {
      await refused.connect();
    } catch (error) {
      return error as pg.DatabaseError;
    }
    await refused.end();
    throw new Error('The login was accepted.');
  };
  const stop = async (): Promise<void> => {
    await server.stop();
    await watchdog.close();
  };
  return { server, clock, token, client, session, refusal, stop };
}

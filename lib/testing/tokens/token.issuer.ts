import { randomUUID, type KeyObject } from 'node:crypto';
import type { Apis } from '../directory/apis.js';
import type { TokenFault } from '../faults/fault.js';
import { accessTokenClaims, asVersionTwo, backdatedBySeconds } from './access-token.claims.js';
import type { HandMadeToken, TokenSubject } from './hand-made-token.js';
import type { JsonWebToken } from '../optional-packages.js';
import { generateRsaKeyPairSync } from './rsa-key-pair.js';
import { tokenExchange } from './audiences.js';
import type { SigningKeys } from './signing-keys.js';
import { drawLifetime, type TokenSettings } from './token-lifetime.js';

/** A signed access token and what a response tells of it. */
export interface IssuedToken {
  token: string;
  audience: string;
  /** Seconds since 1970, as the client is told; a fault may make the token itself end earlier. */
  expiresOn: number;
  notBefore: number;
}

const expiredSinceSeconds = 60;
const hugeTokenLength = 7_500;
// One more GUID of 36 characters makes a token 52 longer, in JSON and base64.
const charactersPerGroup = 52;

/** What an endpoint asks for. */
export interface TokenOrder {
  subject: TokenSubject;
  audience: string;
  /** Beyond the claims that every token has. */
  claims?: Record<string, unknown>;
  fault?: TokenFault | undefined;
  /** @default that of the settings */
  lifetimeInSeconds?: number | undefined;
}

/** Signs tokens. */
export class TokenIssuer {
  private readonly newest = new Map<string, IssuedToken>();
  private foreignKey: KeyObject | undefined;

  constructor(
    private readonly jwt: JsonWebToken,
    private readonly keys: SigningKeys,
    private readonly settings: TokenSettings,
    private readonly apis: Apis,
    /** Base address of the authority. */
    private readonly host: string,
  ) {}

  /** A new token, or with a fault what the fault makes of it. */
  issue(order: TokenOrder): IssuedToken {
    const { tenantId, clientId, objectId } = order.subject;
    const slot = `${tenantId} ${clientId} ${objectId} ${order.audience}`;
    if (order.fault?.kind === 'same-token') {
      const again = this.newest.get(slot);
      if (again !== undefined && again.expiresOn > this.now()) return again;
    }
    const issued = this.sign(order);
    this.newest.set(slot, issued);
    return issued;
  }

  /** A token exactly as described. */
  issueByHand(wanted: HandMadeToken & { client: TokenSubject }): string {
    const claims = accessTokenClaims(wanted.client, {
      audience: wanted.audience,
      now: this.now(),
      lifetimeInSeconds: wanted.lifetimeInSeconds ?? this.drawn(wanted.audience, undefined),
      notBeforeInSeconds: wanted.notBeforeInSeconds,
      tenantId: wanted.tenantId,
    });
    return this.encode({ ...claims, ...wanted.claims }, wanted.signedBy);
  }

  /** Signs claims, by default with Entra's key. Those that are `undefined` are left out. */
  encode(claims: Record<string, unknown>, signedBy: HandMadeToken['signedBy'] = 'entra'): string {
    // jsonwebtoken insists on numbers where a claim is present, so one taken away must be absent.
    const present = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
    const { id, privateKey } = this.keys.current;
    const key = signedBy === 'foreign-key' ? this.foreign() : privateKey;
    return this.jwt.sign(present, key, {
      algorithm: 'RS256',
      keyid: id,
      header: { alg: 'RS256', typ: 'JWT', x5t: id },
    });
  }

  private sign({ subject, audience, claims, fault, ...order }: TokenOrder): IssuedToken {
    const now = this.now();
    const expired = fault?.kind === 'expired-token' ? fault : undefined;
    const usual = order.lifetimeInSeconds ?? this.drawn(audience, claims?.xms_cc);
    const lifetimeInSeconds = expired ? -expiredSinceSeconds : usual;
    const claimedLifetime = expired?.claimedLifetimeInSeconds ?? lifetimeInSeconds;
    const content = {
      audience:
        fault?.kind === 'wrong-audience' ? (fault.audience ?? 'https://management.azure.com') : audience,
      now,
      lifetimeInSeconds,
    };
    const body = { ...accessTokenClaims(subject, content), ...claims, ...padding(fault) };
    const api = this.apis.ownerOf(audience);
    const owner = audience === tokenExchange.identifier ? tokenExchange.applicationId : api?.clientId;
    const isSecond = owner === tokenExchange.applicationId || api?.accessTokenVersion === 2;
    const asSecond = owner !== undefined && isSecond && fault?.kind !== 'wrong-audience';
    const token = this.encode(asSecond ? asVersionTwo(body, owner, this.host) : body);
    return { token, audience, expiresOn: now + claimedLifetime, notBefore: now - backdatedBySeconds };
  }

  private drawn(audience: string, capabilities: unknown): number {
    const { tokenLifetimeInSeconds, random } = this.settings;
    return drawLifetime(tokenLifetimeInSeconds, { audience, capabilities }, random);
  }

  private foreign(): KeyObject {
    this.foreignKey ??= generateRsaKeyPairSync().privateKey;
    return this.foreignKey;
  }

  private now(): number {
    return Math.floor(this.settings.now() / 1000);
  }
}

function padding(fault: TokenFault | undefined): Record<string, unknown> {
  if (fault?.kind !== 'huge-token') return {};
  const length = Math.ceil((fault.minimumLength ?? hugeTokenLength) / charactersPerGroup);
  return { groups: Array.from({ length }, () => randomUUID()) };
}

import { randomUUID, type KeyObject } from 'node:crypto';
import type { JsonWebToken } from '../optional-packages.js';
import { generateRsaKeyPairSync } from '../tokens/rsa-key-pair.js';

/** The audience of every federated credential. */
export const federatedAudience = 'api://AzureADTokenExchange';

/** After which share of its life the platform writes a new assertion, as the kubelet does. */
export const federatedRenewalShare = 0.8;

/**
 * The platform that vouches for workloads, as a Kubernetes cluster does for its service accounts.
 *
 * @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation
 */
export class FederatedIssuer {
  private keys: { privateKey: KeyObject; publicKey: KeyObject } | undefined;

  constructor(
    private readonly jwt: JsonWebToken,
    /** `iss` of its assertions. */
    readonly url: string,
    private readonly now: () => number,
    readonly lifetimeInSeconds: number,
  ) {}

  /** `sub` of the assertions of a client. */
  subjectOf(client: { name: string }): string {
    return `system:serviceaccount:default:${client.name}`;
  }

  /** An assertion of the workload's identity for this client. */
  issueAssertion(client: { name: string }): string {
    const now = Math.floor(this.now() / 1000);
    const claims = {
      iss: this.url,
      sub: this.subjectOf(client),
      aud: federatedAudience,
      iat: now,
      nbf: now,
      exp: now + this.lifetimeInSeconds,
      jti: randomUUID(),
    };
    return this.jwt.sign(claims, this.pair().privateKey, { algorithm: 'RS256' });
  }

  /** Whether an assertion bears the signature of this platform. */
  hasSigned(assertion: string): boolean {
    try {
      this.jwt.verify(assertion, this.pair().publicKey, {
        algorithms: ['RS256'],
        ignoreExpiration: true,
        ignoreNotBefore: true,
      });
      return true;
    } catch {
      return false;
    }
  }

  private pair(): { privateKey: KeyObject; publicKey: KeyObject } {
    this.keys ??= generateRsaKeyPairSync();
    return this.keys;
  }
}

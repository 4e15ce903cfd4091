import { hkdfSync } from 'node:crypto';

import { EncryptJWT, jwtDecrypt } from 'jose';

/** What must be the same when a person comes back from Entra. Kept by the person's own browser, so that any replica will do. */
export interface PendingSignIn {
  state: string;
  nonce: string;
  /** Of PKCE. */
  verifier: string;
}

const name = 'sign-in';
const path = '/sign-in';
const lifeInSeconds = 600;
const algorithm = { alg: 'dir', enc: 'A256GCM' } as const;

/** An encrypted cookie, for the ten minutes that a sign-in may take. */
export class PendingSignInCookie {
  private readonly key: Uint8Array;
  private readonly attributes: string;

  /** @param isSecure whether the application is reached by https */
  constructor(secret: string, isSecure: boolean) {
    this.key = new Uint8Array(
      hkdfSync('sha256', Buffer.from(secret, 'base64url'), '', 'cookie of a pending sign-in', 32),
    );
    // Lax: Entra sends the browser back by a link, and no other site can have it sent along with a form.
    this.attributes = `Path=${path}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  }

  /** @returns the value of a `Set-Cookie` header */
  async seal({ state, nonce, verifier }: PendingSignIn): Promise<string> {
    const sealed = await new EncryptJWT({ state, nonce, verifier })
      .setProtectedHeader(algorithm)
      .setExpirationTime(`${lifeInSeconds}s`)
      .encrypt(this.key);
    return `${name}=${sealed}; Max-Age=${lifeInSeconds}; ${this.attributes}`;
  }

  /** The value of a `Set-Cookie` header that takes it away. */
  get removal(): string {
    return `${name}=; Max-Age=0; ${this.attributes}`;
  }

  /** @returns undefined without a cookie that was sealed here in the last ten minutes */
  async open(header: string | undefined): Promise<PendingSignIn | undefined> {
    const prefix = `${name}=`;
    const cookies = header?.split(';').map((cookie) => cookie.trim());
    const sealed = cookies?.find((cookie) => cookie.startsWith(prefix))?.slice(prefix.length);
    if (sealed === undefined) return undefined;
    try {
      const { payload } = await jwtDecrypt<PendingSignIn>(sealed, this.key, {
        keyManagementAlgorithms: [algorithm.alg],
        contentEncryptionAlgorithms: [algorithm.enc],
        requiredClaims: ['exp', 'state', 'nonce', 'verifier'],
      });
      const { state, nonce, verifier } = payload;
      return { state, nonce, verifier };
    } catch {
      // Changed, too old, or of another key: the person begins anew.
      return undefined;
    }
  }
}

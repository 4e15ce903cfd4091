import type { KeyObject } from 'node:crypto';
import { generateSigningKeySync, type SigningKey } from './signing-key.js';

/** The keys of the authority: one that signs, and those before it, which stay published until they are withdrawn. */
export class SigningKeys {
  private keys: readonly SigningKey[];

  constructor(private newest: SigningKey) {
    this.keys = [newest];
  }

  get current(): SigningKey {
    return this.newest;
  }

  /** What the JWKS lists, the newest first. */
  get published(): readonly SigningKey[] {
    return this.keys;
  }

  /** The public key with this `kid`, or the newest for a token that names none. */
  publicKeyOf(id: string | undefined): KeyObject | undefined {
    if (id === undefined) return this.newest.publicKey;
    return this.keys.find((key) => key.id === id)?.publicKey;
  }

  rotate(withdraw: boolean): void {
    this.newest = generateSigningKeySync();
    this.keys = withdraw ? [this.newest] : [this.newest, ...this.keys];
  }
}

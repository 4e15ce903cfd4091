import { createHash, type KeyObject } from 'node:crypto';

import { generateRsaKeyPair, generateRsaKeyPairSync } from './rsa-key-pair.js';

/** An RSA key pair that tokens are signed with. */
export interface SigningKey {
  /** `kid` of the tokens and in the JWKS. */
  id: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/** Makes an RSA key of 2,048 bits, as Entra's. */
export async function generateSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateRsaKeyPair();
  return { id: keyId(publicKey), privateKey, publicKey };
}

/** The same at once, which stops the process for about a tenth of a second. */
export function generateSigningKeySync(): SigningKey {
  const { privateKey, publicKey } = generateRsaKeyPairSync();
  return { id: keyId(publicKey), privateKey, publicKey };
}

/** A short name for a public key: its SHA-1 digest, as Entra's `kid` and `x5t`. */
function keyId(publicKey: KeyObject): string {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}

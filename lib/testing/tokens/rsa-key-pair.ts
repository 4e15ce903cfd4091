import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  type KeyPairKeyObjectResult,
} from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

// Encoded and read again: a key that shares its lock with the job that generated it can stop the process for good, when
// the garbage collector ends that job while jsonwebtoken asks for the key's details (seen with Node.js 20.20.2).
const options = {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  publicKeyEncoding: { type: 'spki', format: 'der' },
} as const;

/** Makes an RSA key pair of 2,048 bits. */
export async function generateRsaKeyPair(): Promise<KeyPairKeyObjectResult> {
  return readAgain(await generate('rsa', options));
}

/** The same at once, which stops the process for about a tenth of a second. */
export function generateRsaKeyPairSync(): KeyPairKeyObjectResult {
  return readAgain(generateKeyPairSync('rsa', options));
}

function readAgain({
  privateKey,
  publicKey,
}: Record<'privateKey' | 'publicKey', Buffer>): KeyPairKeyObjectResult {
  return {
    privateKey: createPrivateKey({ key: privateKey, type: 'pkcs8', format: 'der' }),
    publicKey: createPublicKey({ key: publicKey, type: 'spki', format: 'der' }),
  };
}

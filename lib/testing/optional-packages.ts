import type jsonwebtoken from 'jsonwebtoken';

/** The part of the package `jsonwebtoken` that the local Entra uses. */
export type JsonWebToken = Pick<typeof jsonwebtoken, 'sign' | 'verify' | 'decode'>;

/** Loads the optional package; rejects with the command that installs it. */
export async function loadJsonWebToken(): Promise<JsonWebToken> {
  try {
    return (await import('jsonwebtoken')).default;
  } catch (error) {
    throw new Error('The local Entra needs the package "jsonwebtoken": npm install --save-dev jsonwebtoken', {
      cause: error,
    });
  }
}

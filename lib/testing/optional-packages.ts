import type * as x509 from '@peculiar/x509';
import type jsonwebtoken from 'jsonwebtoken';

/** Loads a package that is only needed for the local Entra; rejects with the command that installs it. */
export async function loadPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw new Error(
      `The local Entra needs the package "${name}": npm install --save-dev @peculiar/x509 jsonwebtoken reflect-metadata`,
      { cause: error },
    );
  }
}

/** The package `@peculiar/x509`. */
export type X509 = typeof x509;

/** Loads the optional package; rejects with what to install when it is missing. */
export async function loadX509(): Promise<X509> {
  // Its dependency injection calls this polyfill while it is being loaded.
  await loadPackage('reflect-metadata', () => import('reflect-metadata'));
  return loadPackage('@peculiar/x509', () => import('@peculiar/x509'));
}

/** The part of the package `jsonwebtoken` that the local Entra uses. */
export type JsonWebToken = Pick<typeof jsonwebtoken, 'sign' | 'verify' | 'decode'>;

/** Loads the optional package; rejects with what to install when it is missing. */
export async function loadJsonWebToken(): Promise<JsonWebToken> {
  const module = await loadPackage('jsonwebtoken', () => import('jsonwebtoken'));
  return module.default;
}

import type jsonwebtoken from 'jsonwebtoken';
import { loadPackage } from '../load-package.js';

/** The part of the package `jsonwebtoken` that the local Entra uses. */
export type JsonWebToken = Pick<typeof jsonwebtoken, 'sign' | 'verify' | 'decode'>;

/** Loads the optional package; rejects with what to install when it is missing. */
export async function loadJsonWebToken(): Promise<JsonWebToken> {
  const module = await loadPackage('jsonwebtoken', () => import('jsonwebtoken'));
  return module.default;
}

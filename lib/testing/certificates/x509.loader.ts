import type * as x509 from '@peculiar/x509';
import { loadPackage } from '../load-package.js';

/** The package `@peculiar/x509`. */
export type X509 = typeof x509;

/** Loads the optional package; rejects with what to install when it is missing. */
export async function loadX509(): Promise<X509> {
  // Its dependency injection calls this polyfill while it is being loaded.
  await loadPackage('reflect-metadata', () => import('reflect-metadata'));
  return loadPackage('@peculiar/x509', () => import('@peculiar/x509'));
}

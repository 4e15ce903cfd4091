import { EntraOptionsError } from './entra-auth.error.js';

/** An optional peer of this package, and what needs it. */
export interface OptionalPackage<T> {
  name: string;
  /** Path of the option that makes it necessary. */
  option: string;
  load: () => Promise<T>;
  /** What to do beyond installing it. */
  advice?: string;
}

/**
 * Loads an optional peer where it is used first.
 *
 * @throws {EntraOptionsError} when it is not installed
 */
export async function optionalPackage<T>({
  name,
  option,
  load,
  advice = '',
}: OptionalPackage<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const fix = `Run \`npm install ${name}\`.${advice}`;
    throw new EntraOptionsError(option, `"${name}" could not be loaded (${reason})`, fix);
  }
}

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { kindOf } from '../common/option-checks.js';

/**
 * The national cloud of the application. Decides the scopes of the well-known resources, and the authority of credentials
 * that are given as plain data.
 */
export type EntraCloud = 'public' | 'usgov' | 'china';

/**
 * The authority of each national cloud.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
 */
export const authorityHosts: Record<EntraCloud, string> = {
  public: 'https://login.microsoftonline.com',
  usgov: 'https://login.microsoftonline.us',
  china: 'https://login.chinacloudapi.cn',
};

/** The names of the clouds. */
export const clouds = Object.keys(authorityHosts) as readonly EntraCloud[];

/**
 * Checks an authority: an `https` URL with nothing after the host but a path.
 *
 * @returns the beginning of the URLs of its endpoints, without a slash at the end
 * @throws {EntraOptionsError} without the value
 */
export function authorityOption(path: string, value: unknown): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  const isPlain = url?.protocol === 'https:' && url.username === '' && url.search === '' && url.hash === '';
  if (url !== undefined && isPlain) return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  throw new EntraOptionsError(
    path,
    typeof value === 'string' ? 'not a plain https URL' : kindOf(value),
    'Give a URL such as "https://login.microsoftonline.us".',
  );
}

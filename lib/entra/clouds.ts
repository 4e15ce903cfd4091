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

/** The clouds, for the checks of options. */
export const clouds = Object.keys(authorityHosts) as readonly EntraCloud[];

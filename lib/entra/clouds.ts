/**
 * The national cloud that the application runs in. It decides the scopes of the well-known resources, and the authority
 * that credentials given as plain data ask.
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

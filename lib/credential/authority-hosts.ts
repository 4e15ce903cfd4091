import type { EntraCloud } from '../options/entra-auth-module.options.js';

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

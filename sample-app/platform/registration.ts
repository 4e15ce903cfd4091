import type { UserTokenOptions } from 'nestjs-entra-auth/users';

/** Where people come back to from Entra, as the registration of the application names it. */
export const callbackPath = '/sign-in/callback';

/** The application as Entra knows it: what callers' tokens are for, and where people sign in. */
export interface Registration {
  /** Id of the tenant whose people call and sign in. */
  tenantId: string;
  clientId: string;
  /** Such as `https://login.microsoftonline.com`. */
  authorityHost: string;
  /** How the application proves itself: by a secret on a desk, by its managed identity on Azure. */
  client: UserTokenOptions['client'];
  /** The permission of this application's API that callers need. */
  scope: string;
  /** 32 random bytes in base64url, the same in each replica. What encrypts is derived from it. */
  key: string;
  /** Address of the application as browsers know it. Default: that of this machine. */
  publicUrl?: string | undefined;
}

/** Whether the application serves persons: on Azure where `API_CLIENT_ID` names its registration, on a desk always. */
export function hasRegistration({ PGHOST, API_CLIENT_ID }: NodeJS.ProcessEnv): boolean {
  return PGHOST ? Boolean(API_CLIENT_ID) : true;
}

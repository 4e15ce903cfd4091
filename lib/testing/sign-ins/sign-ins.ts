/** Where the browser ends up after a sign-in. */
export interface AuthorizationResponse {
  /** The redirect URI with what it was called with; with `response_mode=form_post` without. */
  readonly url: URL;
  /** `code` and `state`, or `error` and `error_description`. */
  readonly parameters: URLSearchParams;
}

/**
 * What people do in their browser, done by the test. People are named by user principal name or object ID, and Nora is
 * meant where none is named. Applications may also be driven over HTTP: the pages of the authorization endpoint and of
 * the device login are forms with a field `username`.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code
 */
export interface SignIns {
  /** Who is signed in to the browser: then the authorization endpoint redirects at once. @default none */
  user: string | undefined;
  /** Whether a device that polls sooner than after 5 s gets `slow_down`, which Entra does not send. @default false */
  checksPollingInterval: boolean;
  /**
   * Goes to the URL, signs in and agrees to what is asked for.
   *
   * @throws Error with the AADSTS code when Entra shows a page instead of going back, as for a foreign redirect URI
   */
  authorize(url: string | URL, user?: string): AuthorizationResponse;
  /** Enters the code that a device shows, and agrees. @throws TypeError when no device waits with it */
  enterCode(userCode: string, user?: string): void;
  /** Enters the code that a device shows, and declines: `authorization_declined`. */
  declineCode(userCode: string): void;
  /**
   * Answers every exchange for this person with an AADSTS code from now on, such as 50076 for multi-factor
   * authentication; `undefined` ends that. On-behalf-of gets it as `interaction_required` with `claims`.
   */
  refuse(user: string, code: number | undefined): void;
}

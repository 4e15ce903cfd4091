import type { AadstsCodes } from '../aadsts-codes.js';

/** The sign-in, its grant or its assertion. */
export const signIn: AadstsCodes = {
  50020: {
    error: 'invalid_grant',
    description:
      'User account from identity provider does not exist in tenant and cannot access the application in that tenant.',
  },
  50034: { error: 'invalid_grant', description: 'The user account does not exist in the directory.' },
  50053: {
    error: 'invalid_grant',
    description:
      "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
  },
  50055: {
    error: 'invalid_grant',
    description: 'The password is expired.',
    suberror: 'user_password_expired',
  },
  50057: { error: 'invalid_grant', description: 'The user account is disabled.' },
  50058: {
    error: 'login_required',
    description: 'A silent sign-in request was sent but no user is signed in.',
  },
  50105: {
    error: 'invalid_grant',
    description: 'The signed in user is not assigned to a role for the application.',
  },
  50126: {
    error: 'invalid_grant',
    description: 'Error validating credentials due to invalid username or password.',
  },
  50132: {
    error: 'invalid_grant',
    description:
      'The credentials have been revoked or have expired, for example since the password was changed. The user must sign in again.',
  },
  50133: {
    error: 'invalid_grant',
    description: 'The session is not valid due to password expiration or recent password change.',
  },
  50148: {
    error: 'invalid_grant',
    description:
      'The code_verifier does not match the code_challenge supplied in the authorization request for PKCE.',
  },
  50173: {
    error: 'invalid_grant',
    description: 'The provided grant has expired due to it being revoked, a fresh auth token is needed.',
  },
  50196: {
    error: 'invalid_grant',
    description: 'The server terminated an operation because it encountered a client request loop.',
  },
  54005: {
    error: 'invalid_grant',
    description:
      'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.',
  },
  65001: {
    error: 'invalid_grant',
    description:
      'The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource.',
    suberror: 'consent_required',
  },
  65004: { error: 'access_denied', description: 'User declined to consent to access the app.' },
  70000: { error: 'invalid_grant', description: 'Provided grant is invalid or malformed.' },
  70008: {
    error: 'invalid_grant',
    description:
      'The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.',
  },
  70016: {
    error: 'authorization_pending',
    description: 'OAuth 2.0 device flow error. Authorization is pending. Continue polling.',
  },
  70018: {
    error: 'bad_verification_code',
    description: 'Invalid verification code due to user typing in wrong user code for device code flow.',
  },
  70019: {
    error: 'expired_token',
    description: 'Verification code expired. Have the user retry the sign-in.',
  },
  70020: {
    error: 'expired_token',
    description:
      "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
  },
  70043: {
    error: 'invalid_grant',
    description:
      'The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.',
    suberror: 'token_expired',
  },
  90094: {
    error: 'access_denied',
    description: 'Admin consent is required for the permissions requested by this application.',
  },
  500131: {
    error: 'invalid_grant',
    description: 'Assertion audience does not match the Client app presenting the assertion.',
  },
  500133: {
    error: 'invalid_grant',
    description:
      'Assertion is not within its valid time range. Ensure that the access token is not expired before using it for user assertion, or request a new token.',
  },
  500341: {
    error: 'invalid_grant',
    description:
      'The user account has been deleted from the directory. To sign into this application, the account must be added to the directory.',
  },
  501481: {
    error: 'invalid_grant',
    description: 'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
  },
  700003: { error: 'invalid_grant', description: 'Device object was not found in the tenant directory.' },
  700081: { error: 'invalid_grant', description: 'The refresh token has expired due to maximum lifetime.' },
  700082: { error: 'invalid_grant', description: 'The refresh token has expired due to inactivity.' },
  700084: {
    error: 'invalid_grant',
    description:
      'The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime, which cannot be extended. It is now expired and a new sign in request must be sent by the SPA to the sign in page.',
  },
};

import type { AadstsCodes } from '../aadsts-codes.js';

/** Conditional Access and multi-factor authentication: a person must do what `claims` names. */
export const conditionalAccess: AadstsCodes = {
  50072: {
    error: 'invalid_grant',
    description:
      'Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access the resource.',
    suberror: 'basic_action',
    claims: true,
  },
  50074: {
    error: 'invalid_grant',
    description: 'Strong Authentication is required.',
    suberror: 'basic_action',
    claims: true,
  },
  50076: {
    error: 'invalid_grant',
    description:
      'Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.',
    suberror: 'basic_action',
    claims: true,
  },
  50078: {
    error: 'invalid_grant',
    description:
      'Presented multi-factor authentication has expired due to policies configured by your administrator, you must refresh your multi-factor authentication to access the resource.',
    suberror: 'basic_action',
    claims: true,
  },
  50079: {
    error: 'invalid_grant',
    description:
      'Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access the resource.',
    suberror: 'basic_action',
    claims: true,
  },
  50131: {
    error: 'invalid_grant',
    description:
      'Access has been blocked by Conditional Access policies: the device or the request does not meet them.',
    suberror: 'message_only',
    claims: true,
  },
  50158: {
    error: 'invalid_grant',
    description:
      'External security challenge not satisfied. User will be redirected to another page or authentication provider to satisfy additional authentication challenges.',
    suberror: 'basic_action',
    claims: true,
  },
  53000: {
    error: 'invalid_grant',
    description:
      'Device is not in required device state: compliant. Conditional Access policy requires a compliant device, and the device is not compliant.',
    suberror: 'message_only',
    claims: true,
  },
  53001: {
    error: 'invalid_grant',
    description:
      'Device is not in required device state: domain_joined. Conditional Access policy requires a domain joined device, and the device is not domain joined.',
    suberror: 'message_only',
    claims: true,
  },
  53002: {
    error: 'invalid_grant',
    description: 'Application used is not an approved application for Conditional Access.',
    suberror: 'message_only',
    claims: true,
  },
  53003: {
    error: 'invalid_grant',
    description:
      'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.',
    suberror: 'message_only',
    claims: true,
  },
  53004: {
    error: 'invalid_grant',
    description:
      'User needs to complete multi-factor authentication registration process before accessing this content.',
    suberror: 'basic_action',
    claims: true,
  },
  530003: {
    error: 'invalid_grant',
    description: 'Your device is required to be managed to access this resource.',
    suberror: 'message_only',
    claims: true,
  },
  530032: {
    error: 'invalid_grant',
    description: 'The request was blocked by a security policy of the tenant.',
    suberror: 'message_only',
    claims: true,
  },
};

import { defaultRequestTimeoutInMs } from '../credential/azure-identity.js';
import type { CredentialConfiguration, CredentialKind } from '../credential/credential-configuration.js';
import { EntraOptionsError } from '../errors/options.error.js';
import { checkObject, choiceOption, kindOf, numberOption } from './option-checks.js';

interface Keys {
  required: readonly string[];
  optional: readonly string[];
}

const common = ['kind', 'authorityHost', 'certificateAuthority', 'requestTimeoutInMs'];

const keysOf: Record<CredentialKind, Keys> = {
  default: { required: [], optional: ['tenantId', 'clientId'] },
  'managed-identity': { required: [], optional: ['clientId', 'objectId', 'resourceId'] },
  'workload-identity': { required: [], optional: ['tenantId', 'clientId', 'tokenFilePath'] },
  'client-secret': { required: ['tenantId', 'clientId', 'clientSecret'], optional: [] },
  'client-certificate': {
    required: ['tenantId', 'clientId'],
    optional: ['certificate', 'certificatePath', 'certificatePassword'],
  },
};

/** Whether a credential is given as plain data. */
export function isCredentialConfiguration(value: unknown): value is CredentialConfiguration {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

/**
 * Checks a credential that is given as plain data. No value is ever repeated in an error: it might be a secret.
 *
 * @throws {EntraOptionsError} for whatever is missing, unknown or contradictory
 */
export function checkCredentialConfiguration(path: string, configuration: CredentialConfiguration): void {
  const kinds = Object.keys(keysOf) as CredentialKind[];
  const kind = choiceOption(`${path}.kind`, configuration.kind, 'default', kinds);
  const { required, optional } = keysOf[kind];
  checkObject(path, configuration, [...common, ...required, ...optional], 'Give an object with a "kind".');
  for (const key of [...required, ...optional, 'authorityHost', 'certificateAuthority']) {
    const value: unknown = Reflect.get(configuration, key);
    if (value === undefined && !required.includes(key)) continue;
    if (typeof value === 'string' && value !== '') continue;
    throw new EntraOptionsError(
      `${path}.${key}`,
      kindOf(value),
      `Give a string; kind "${kind}" needs ${needs(required)}.`,
    );
  }
  const { authorityHost, requestTimeoutInMs } = configuration;
  if (authorityHost !== undefined && !authorityHost.startsWith('https://')) {
    throw new EntraOptionsError(
      `${path}.authorityHost`,
      'not an https URL',
      'Give a URL such as "https://login.microsoftonline.us".',
    );
  }
  numberOption(`${path}.requestTimeoutInMs`, requestTimeoutInMs, defaultRequestTimeoutInMs, {
    min: 1,
    max: 600_000,
    unit: 'milliseconds',
  });
  if (kind === 'client-certificate') checkOne(path, configuration, ['certificate', 'certificatePath'], 1);
  if (kind === 'managed-identity') checkOne(path, configuration, ['clientId', 'objectId', 'resourceId'], 0);
}

function checkOne(path: string, configuration: object, keys: readonly string[], least: number): void {
  const given = keys.filter((key) => Reflect.get(configuration, key) !== undefined);
  if (given.length >= least && given.length <= 1) return;
  const found = given.length === 0 ? 'missing' : `given together with ${given.slice(1).join(' and ')}`;
  throw new EntraOptionsError(`${path}.${given[0] ?? keys[0]}`, found, `Give one of ${keys.join(', ')}.`);
}

function needs(required: readonly string[]): string {
  return required.length === 0 ? 'none of its options' : required.join(', ');
}

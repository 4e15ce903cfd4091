import { EntraOptionsError } from '../common/entra-auth.error.js';
import { checkObject, choiceOption, kindOf, numberOption } from '../common/option-checks.js';
import { textOption } from '../common/text-checks.js';
import { authorityOption } from '../entra/clouds.js';
import { clientIdOption, tenantOption } from '../entra/tenant.js';
import { defaultRequestTimeoutInMs } from './azure-identity.js';
import type { CredentialConfiguration, CredentialKind } from './credential-configuration.js';

type OptionsOf<Kind extends CredentialKind> = Record<
  keyof Extract<CredentialConfiguration, { kind: Kind }>,
  'required' | 'optional'
>;

const common = {
  kind: 'optional',
  authorityHost: 'optional',
  certificateAuthority: 'optional',
  requestTimeoutInMs: 'optional',
} as const;

/** The options of each kind: one that the interface has and this table lacks does not compile. */
const optionsOf: { [Kind in CredentialKind]: OptionsOf<Kind> } = {
  default: { ...common, tenantId: 'optional', clientId: 'optional' },
  'managed-identity': { ...common, clientId: 'optional', objectId: 'optional', resourceId: 'optional' },
  'workload-identity': { ...common, tenantId: 'optional', clientId: 'optional', tokenFilePath: 'optional' },
  'client-secret': { ...common, tenantId: 'required', clientId: 'required', clientSecret: 'required' },
  'client-certificate': {
    ...common,
    tenantId: 'required',
    clientId: 'required',
    certificate: 'optional',
    certificatePath: 'optional',
    certificatePassword: 'optional',
  },
};

/** Options that are not texts. */
const otherThanText: readonly string[] = ['kind', 'requestTimeoutInMs'];

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
  const kinds = Object.keys(optionsOf) as CredentialKind[];
  const kind = choiceOption(`${path}.kind`, configuration.kind, 'default', kinds);
  const names = Object.keys(optionsOf[kind]);
  const required = Object.entries(optionsOf[kind]).flatMap(([name, need]) =>
    need === 'required' ? [name] : [],
  );
  checkObject(path, configuration, names, 'Give an object with a "kind".');
  for (const key of names.filter((name) => !otherThanText.includes(name))) {
    const value: unknown = Reflect.get(configuration, key);
    if (value === undefined && !required.includes(key)) continue;
    checkText(`${path}.${key}`, key, value, `Give a string; kind "${kind}" needs ${needs(required)}.`);
  }
  const { authorityHost, requestTimeoutInMs } = configuration;
  if (authorityHost !== undefined) authorityOption(`${path}.authorityHost`, authorityHost);
  numberOption(`${path}.requestTimeoutInMs`, requestTimeoutInMs, defaultRequestTimeoutInMs, {
    min: 1,
    max: 600_000,
    unit: 'milliseconds',
  });
  if (kind === 'client-certificate') checkOne(path, configuration, ['certificate', 'certificatePath'], 1);
  if (kind === 'managed-identity') checkOne(path, configuration, ['clientId', 'objectId', 'resourceId'], 0);
}

// A PEM ends with a line break, and a password may be anything.
const anyText: readonly string[] = ['certificate', 'certificateAuthority', 'certificatePassword'];

function checkText(option: string, key: string, value: unknown, fix: string): void {
  if (key === 'tenantId' && value !== undefined) tenantOption(option, value);
  else if (key === 'clientId' && value !== undefined) clientIdOption(option, value);
  else if (!anyText.includes(key)) textOption(option, value, fix);
  else if (typeof value !== 'string' || value === '') throw new EntraOptionsError(option, kindOf(value), fix);
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

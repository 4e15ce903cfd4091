import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { afterAll, describe, expect, it } from '@jest/globals';

import { selectLinks } from '../../../lib/credential/default-chain/chain-selection.js';
import { isOnPath } from '../../../lib/credential/default-chain/find-program.js';

const deployed = ['environmentcredential', 'workloadidentitycredential', 'managedidentitycredential'];
const developers = [
  'visualstudiocodecredential',
  'azureclicredential',
  'azurepowershellcredential',
  'azuredeveloperclicredential',
];

describe('AZURE_TOKEN_CREDENTIALS', () => {
  it.each([
    ['', [...deployed, ...developers]],
    [' ', [...deployed, ...developers]],
    ['prod', deployed],
    [' PROD ', deployed],
    ['dev', developers],
    ['AzureCliCredential', ['azureclicredential']],
    ['EnvironmentCredential', ['environmentcredential']],
    ['azuredeveloperclicredential', ['azuredeveloperclicredential']],
  ])('as %j selects %j', (value, links) => {
    expect(selectLinks(value)).toEqual(links);
  });

  it('names the choices when it names none', () => {
    expect(() => selectLinks('BrokerCredential')).toThrow(
      'The environment variable "AZURE_TOKEN_CREDENTIALS" names no credential. Set it to "prod", "dev" or one of ' +
        'EnvironmentCredential, WorkloadIdentityCredential, ManagedIdentityCredential, VisualStudioCodeCredential, ' +
        'AzureCliCredential, AzurePowerShellCredential, AzureDeveloperCliCredential, or unset it.',
    );
  });
});

describe('a program on the PATH', () => {
  const directory = mkdtempSync(join(tmpdir(), 'path-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const program = join(directory, 'az');
  writeFileSync(program, '');
  chmodSync(program, 0o755);
  writeFileSync(join(directory, 'text'), '');
  mkdirSync(join(directory, 'folder'));

  it.each<[string, string, NodeJS.ProcessEnv, boolean]>([
    ['an executable file', 'az', { PATH: directory }, true],
    ['one behind other directories', 'az', { PATH: ['/none', '', directory].join(delimiter) }, true],
    ['one, as Windows writes the variable', 'az', { Path: directory }, true],
    ['a file that is not executable', 'text', { PATH: directory }, false],
    ['a directory', 'folder', { PATH: directory }, false],
    ['one that is not there', 'azd', { PATH: directory }, false],
    ['one in no directory', 'az', { PATH: '' }, false],
    ['one without a PATH', 'az', {}, false],
  ])('is %s', (_, name, environment, expected) => {
    expect(isOnPath(name, environment)).toBe(expected);
  });
});

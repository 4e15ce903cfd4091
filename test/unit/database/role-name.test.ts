import { describe, expect, it } from '@jest/globals';

import { roleNameFromToken } from '../../../lib/database/role-name.js';

const identity = (name: string): string =>
  `/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
const machine = '/subscriptions/s/resourcegroups/g/providers/Microsoft.Compute/virtualMachines/vm-1';

describe('roleNameFromToken', () => {
  it.each<[string, Record<string, unknown>, string | undefined]>([
    ['a user', { upn: 'ada@example.com' }, 'ada@example.com'],
    ['a user whose name has upper case', { upn: 'Ada.Lovelace@Example.com' }, 'Ada.Lovelace@Example.com'],
    ['a guest', { upn: 'ada_home.example#EXT#@corp.example' }, 'ada_home.example#EXT#@corp.example'],
    ['a user of a v2.0 token', { preferred_username: 'ada@example.com' }, 'ada@example.com'],
    ['a user of an old token', { unique_name: 'ada@example.com' }, 'ada@example.com'],
    ['upn before the other names', { upn: 'a', preferred_username: 'b', unique_name: 'c' }, 'a'],
    ['preferred_username before unique_name', { preferred_username: 'b', unique_name: 'c' }, 'b'],
    ['an empty name does not count', { upn: ' ', preferred_username: 'b' }, 'b'],
    ['a name that is not a text does not count', { upn: 7, unique_name: 'c' }, 'c'],
    ['a user-assigned identity', { xms_mirid: identity('my-identity') }, 'my-identity'],
    [
      'a user-assigned identity in other case',
      { xms_mirid: identity('My-Id').replace('Microsoft.M', 'microsoft.m') },
      'My-Id',
    ],
    ['a user-assigned identity before upn', { xms_mirid: identity('my-identity'), upn: 'a' }, 'my-identity'],
    ['a system-assigned identity has no name', { xms_mirid: machine, appid: 'app' }, undefined],
    ['a system-assigned identity does not hide upn', { xms_mirid: machine, upn: 'a' }, 'a'],
    ['an identity without a name', { xms_mirid: identity('') }, undefined],
    ['more behind the name of an identity', { xms_mirid: `${identity('a')}/b` }, undefined],
    ['nothing', {}, undefined],
  ])('%s', (_, claims, role) => {
    expect(roleNameFromToken(claims)).toBe(role);
  });
});

import { describe, expect, it } from '@jest/globals';

import {
  parseSecurityLabel,
  securityLabel,
} from '../../../lib/testing/postgres/cluster/entra-principals.sql.js';
import {
  concernsRoles,
  withoutSecurityLabels,
} from '../../../lib/testing/postgres/cluster/security-label.js';
import { StatementFilter } from '../../../lib/testing/postgres/protocol/statement.filter.js';

const call = (role: string, label: string) => `CALL pg_catalog.pgaadauth_set_label(E'${role}', ${label})`;
const label = "'aadauth,oid=1,type=user'";

describe('A security label', () => {
  it.each([
    [`SECURITY LABEL FOR "pgaadauth" ON ROLE "A ""b" IS ${label};`, `${call('A "b', label)};`],
    [`security label for pgaadauth\n  on role Plain_1 is ${label}`, call('plain_1', label)],
    [
      `CREATE ROLE a LOGIN; -- next\nSECURITY LABEL for "pgaadauth" on role a is NULL`,
      `CREATE ROLE a LOGIN; -- next\n${call('a', 'NULL')}`,
    ],
    [
      `DO $$ BEGIN SECURITY LABEL FOR "pgaadauth" ON ROLE a IS ${label}; END $$`,
      `DO $$ BEGIN ${call('a', label)}; END $$`,
    ],
  ])('becomes a call: %s', (sql, expected) => {
    expect(withoutSecurityLabels(sql)).toBe(expected);
  });

  it.each([
    `SELECT 'SECURITY LABEL FOR "pgaadauth" ON ROLE a IS NULL'`,
    `SECURITY LABEL FOR selinux ON ROLE a IS ${label}`,
    `SECURITY LABEL FOR "pgaadauth" ON TABLE a IS ${label}`,
  ])('is left alone elsewhere: %s', (sql) => {
    expect(withoutSecurityLabels(sql)).toBe(sql);
  });

  it('tells whom a role belongs to', () => {
    const principal = { objectId: 'o', type: 'group', isAdmin: true } as const;
    expect(securityLabel(principal)).toBe('aadauth,oid=o,type=group,admin');
    expect(parseSecurityLabel('aadauth,oid=o,type=group,admin')).toEqual(principal);
    expect(parseSecurityLabel('aadauth')).toBeUndefined();
  });

  it('and other statements about roles are noticed', () => {
    const statements = [
      "SELECT pgaadauth_create_principal('a')",
      'drop role a',
      'ALTER USER a RENAME TO b',
      'SELECT role',
    ];
    expect(statements.map(concernsRoles)).toEqual([true, true, true, false]);
  });
});

describe('The filter of statements', () => {
  const message = (type: string, body: string | Buffer): Buffer => {
    const head = Buffer.from(`${type}0000`, 'latin1');
    head.writeInt32BE(Buffer.byteLength(body) + 4, 1);
    return Buffer.concat([head, Buffer.from(body)]);
  };
  const filtered = async (chunks: Buffer[]): Promise<Buffer> => {
    const filter = new StatementFilter((sql) => sql.replaceAll('old', 'newer'));
    for (const chunk of chunks) filter.write(chunk);
    filter.end();
    return Buffer.concat((await filter.toArray()) as Buffer[]);
  };
  const copied = Buffer.alloc(70_000, 'old ');
  const sent = Buffer.concat([
    message('Q', 'SELECT old\0'),
    message('P', 'name\0SELECT old\0\0\0'),
    message('d', copied),
    message('Q', `SELECT 1 -- old ${'x'.repeat(70_000)}\0`),
    message('B', 'old\0'),
    message('Q', 'SELECT old, old\0'),
    message('X', ''),
  ]);
  const expected = Buffer.concat([
    message('Q', 'SELECT newer\0'),
    message('P', 'name\0SELECT newer\0\0\0'),
    message('d', copied),
    message('Q', `SELECT 1 -- old ${'x'.repeat(70_000)}\0`),
    message('B', 'old\0'),
    message('Q', 'SELECT newer, newer\0'),
    message('X', ''),
  ]);

  it.each([1, 3, 7, 1000, 65_536, 1_000_000])('sees them whole in chunks of %i bytes', async (size) => {
    const chunks: Buffer[] = [];
    for (let at = 0; at < sent.length; at += size) chunks.push(sent.subarray(at, at + size));
    expect((await filtered(chunks)).equals(expected)).toBe(true);
  });

  it('passes what is cut off or no message', async () => {
    const rest = Buffer.concat([message('Q', 'SELECT old\0').subarray(0, 9)]);
    expect(await filtered([rest])).toEqual(rest);
    const odd = Buffer.from([0x51, 0, 0, 0, 0, 0x58]);
    expect(await filtered([odd])).toEqual(odd);
  });
});

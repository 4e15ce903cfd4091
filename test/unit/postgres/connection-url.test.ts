import { describe, expect, it } from '@jest/globals';

import { parseConnectionUrl } from '../../../lib/postgres/connection-url.js';
import { resolveDataSources } from '../../../lib/postgres/resolve-data-source.js';

const base = 'postgres://app@db.example:6432/notes';
const parse = (parameters: string) => parseConnectionUrl('dataSource.url', `${base}?${parameters}`);
const refusal = (call: () => unknown): unknown => {
  try {
    return call();
  } catch (error) {
    return error;
  }
};
const invalid = (message: RegExp): unknown =>
  expect.objectContaining({
    code: 'ENTRA_OPTIONS_INVALID',
    option: 'dataSource.url',
    message: expect.stringMatching(message),
  });

describe('the parameters of a connection URL', () => {
  it.each(['postgres', 'direct'])('take sslnegotiation=%s', (sslnegotiation) => {
    expect(parse(`sslnegotiation=${sslnegotiation}`)).toMatchObject({ sslnegotiation });
  });

  it('hand sslnegotiation to the driver', () => {
    const [dataSource] = resolveDataSources({
      type: 'postgres',
      url: `${base}?sslnegotiation=direct`,
    }).values();
    expect(dataSource?.typeOrmOptions).toMatchObject({ extra: { sslnegotiation: 'direct' } });
  });

  it.each([
    'load_balance_hosts=disable',
    'gssencmode=disable',
    'gssencmode=prefer',
    'target_session_attrs=any',
  ])('take %s, which asks for what happens anyway', (parameter) => {
    expect(parse(parameter)).toEqual(parseConnectionUrl('dataSource.url', base));
  });

  it.each([
    ['sslnegotiation=quick', /sslnegotiation is not known.*postgres, direct/],
    ['load_balance_hosts=random', /load_balance_hosts has a value that is not supported.*"replication"/],
    ['gssencmode=require', /gssencmode has a value that is not supported.*TLS only/],
    [
      'target_session_attrs=read-write',
      /target_session_attrs has a value that is not supported.*"replication"/,
    ],
    ['channel_binding=require', /channel_binding has a value that is not supported.*TLS is verified/],
    ['nope=1', /parameter "nope" that is not supported.*Known: sslmode/],
    ['constructor=1', /parameter "constructor" that is not supported.*Known: sslmode/],
    ['hostaddr=10.0.0.1', /parameter "hostaddr" that is not supported.*name is looked up/],
    ['password=secret', /contains a password.*access token takes its place/],
    ['sslmode=verify-full&sslmode=disable', /parameter "sslmode" is given twice/],
    ['connect_timeout=0', /connect_timeout is (no|not a) number above 0/],
  ])('refuse %s', (parameters, message) => {
    expect(refusal(() => parse(parameters))).toEqual(invalid(message));
  });

  it('show no more than forty characters of a name', () => {
    const error = refusal(() => parse(`${'n'.repeat(60)}=1`)) as Error;
    expect(error.message).toContain(`"${'n'.repeat(40)}"`);
    expect(error.message).not.toContain('n'.repeat(41));
  });
});

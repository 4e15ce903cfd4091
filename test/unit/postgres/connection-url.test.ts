import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';

import { afterAll, describe, expect, it } from '@jest/globals';

import { parseConnectionUrl } from '../../../lib/postgres/connection-url.js';
import { resolveDataSources } from '../../support/resolve-postgres.js';

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

  it.each([1, 2])('show no more than forty characters of a name that is given %d times', (times) => {
    const text = Array.from({ length: times }, () => `${'n'.repeat(60)}=1`).join('&');
    const error = refusal(() => parse(text)) as Error;
    expect(error.message).toContain(`"${'n'.repeat(40)}"`);
    expect(error.message).not.toContain('n'.repeat(41));
  });
});

describe('the certificates of a connection URL', () => {
  it('are those of the machine by name, and then no file is read', () => {
    expect(parse('sslrootcert=system')).toMatchObject({ rootCertificate: 'system' });
    expect(parse('sslrootcert=system')).not.toHaveProperty('ca');
    expect(
      refusal(() =>
        resolveDataSources({ type: 'postgres', url: `${base}?sslmode=require&sslrootcert=system` }),
      ),
    ).toEqual(invalid(/sslmode=require is too weak for sslrootcert=system/));
  });

  it.each(['sslrootcert', 'sslcert', 'sslkey'])('are in files that can be read: %s', (name) => {
    expect(refusal(() => parse(`${name}=/none`))).toEqual(
      invalid(new RegExp(`the file of its ${name} cannot be read \\(ENOENT\\)\\. Check the path\\.`)),
    );
  });

  it('may be asked for by the option and in the URL alike', () => {
    const resolved = (ssl: unknown, mode: string): unknown =>
      refusal(
        () =>
          [...resolveDataSources({ type: 'postgres', url: `${base}?sslmode=${mode}`, ssl }).values()][0]
            ?.primary.ssl,
      );
    expect(resolved(true, 'verify-full')).toMatchObject({ rejectUnauthorized: true });
    expect(resolved({ rejectUnauthorized: true }, 'verify-full')).toMatchObject({ rejectUnauthorized: true });
    for (const [ssl, mode] of [
      [true, 'require'],
      [true, 'disable'],
      [{}, 'disable'],
      [{}, 'nothing'],
    ] as const) {
      expect(resolved(ssl, mode)).toMatchObject({ code: 'ENTRA_OPTIONS_INVALID' });
    }
  });
});

describe('a connection URL', () => {
  it.each<[string, string, RegExp]>([
    ['several hosts', 'postgres://a,b/notes', /names several hosts.*"replication"/],
    ['a fragment', 'postgres://me#EXT#@db/notes', /contains "#", which ends a URL.*"%23"/],
    ['nothing to read', 'postgres://[/notes', /cannot be read.*postgres:\/\/role@host:5432\/database/],
    ['another scheme', 'mysql://db/notes', /its scheme is "mysql:"/],
    ['a password', 'postgres://app:hush@db/notes', /contains a password.*access token takes its place/],
    ['a percent sign of its own', 'postgres://app%@db/notes', /"%" that is not percent-encoding.*"%25"/],
  ])('refuses %s', (_, text, message) => {
    expect(refusal(() => parseConnectionUrl('dataSource.url', text))).toEqual(invalid(message));
  });

  it('has only the parts that it names', () => {
    expect(parseConnectionUrl('u', 'postgres://')).toEqual({});
    expect(parseConnectionUrl('u', 'postgres://[fe80::1]')).toEqual({ host: 'fe80::1' });
    expect(
      parseConnectionUrl('u', 'postgresql://app@db:1/notes?application_name=a&connect_timeout=2&options=-c'),
    ).toEqual({
      host: 'db',
      port: 1,
      username: 'app',
      database: 'notes',
      applicationName: 'a',
      connectTimeoutMS: 2_000,
      options: '-c',
    });
  });

  it.each(['0', '-1', 'soon', 'Infinity'])('has no timeout of %s', (seconds) => {
    expect(refusal(() => parse(`connect_timeout=${seconds}`))).toEqual(
      invalid(/Give seconds, or leave it out/),
    );
  });
});

describe('a server that is given by options', () => {
  const given = { type: 'postgres', host: 'db.example', username: 'app', database: 'notes' };
  const socket = { ...given, host: '/var/run/postgresql', dangerouslySendTokenWithoutVerifiedTls: true };
  const primaryOf = (options: object) => [...resolveDataSources(options).values()][0]?.primary;
  const messageOf = (options: object): string =>
    String((refusal(() => resolveDataSources(options)) as Error).message);

  it.each([1, 5433, 65_535])('may have the port %d', (port) => {
    expect(primaryOf({ ...given, port })).toMatchObject({ port });
  });

  it.each([0, -1, 65_536, 5432.5, '5432', NaN])('may not have the port %p', (port) => {
    expect(messageOf({ ...given, port })).toContain(
      'Give a whole number from 1 to 65535; the default is 5432.',
    );
  });

  it('has the name of the application and the role only when they are given', () => {
    expect(primaryOf(given)).not.toHaveProperty('applicationName');
    expect(primaryOf({ ...given, applicationName: 'a' })).toMatchObject({ applicationName: 'a' });
    expect(messageOf({ ...given, applicationName: 7 })).toContain(
      '"dataSource.applicationName": 7. Give a string',
    );
    expect(messageOf({ ...given, username: 'ä'.repeat(32) })).toContain('longer than 63 bytes');
    expect(primaryOf({ ...given, username: 'ä'.repeat(31) })).toMatchObject({ username: 'ä'.repeat(31) });
    expect(messageOf({ ...given, password: 'hush' })).toMatch(/"dataSource\.password": given\. Leave it out/);
  });

  it('may be a local socket, without TLS, where the user has opened the guard', () => {
    for (const ssl of [undefined, false]) expect(primaryOf({ ...socket, ssl })).toMatchObject({ ssl: false });
    for (const ssl of [true, {}, 'x']) {
      expect(messageOf({ ...socket, ssl })).toContain(
        '"dataSource.ssl": asks for TLS on a local socket. Leave it out.',
      );
    }
    expect(messageOf({ ...socket, dangerouslySendTokenWithoutVerifiedTls: false })).toContain(
      'a local socket. Give the',
    );
    const { host: _host, username: _username, database: _database, ...others } = socket;
    const url = (mode: string) => ({
      ...others,
      host: socket.host,
      url: `postgres:///notes?sslmode=${mode}`,
      username: 'app',
    });
    expect(primaryOf(url('disable'))).toMatchObject({ ssl: false });
    expect(messageOf(url('verify-full'))).toContain('asks for TLS on a local socket');
  });

  it('trusts certificates as text and as bytes, and nothing else', () => {
    const [ca] = rootCertificates;
    const bytes = Buffer.from(ca ?? '');
    for (const trusted of [ca, bytes, new Uint8Array(bytes), [ca, bytes]]) {
      expect(primaryOf({ ...given, ssl: { ca: trusted } })).toMatchObject({ ssl: { ca: trusted } });
    }
    for (const nothing of ['', 'x', null, 7, [], {}, [ca, 'x'], [ca, null], '-----BEGIN CERTIFICATE-----']) {
      expect(messageOf({ ...given, ssl: { ca: nothing } })).toContain(
        '"dataSource.ssl.ca": holds no certificate.',
      );
    }
  });
});

describe('TLS that is given twice, or not at all', () => {
  const options = { type: 'postgres', host: 'db.example', username: 'app', database: 'notes' };
  const opened = { dangerouslySendTokenWithoutVerifiedTls: true };
  const sslOf = (given: object): unknown =>
    refusal(() => [...resolveDataSources({ ...options, ...given }).values()][0]?.primary.ssl);
  const directory = mkdtempSync(join(tmpdir(), 'connection-url-'));
  const file = join(directory, 'file.pem');
  writeFileSync(file, rootCertificates[0] ?? '');
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each<[string, object, string]>([
    ['ca', { ca: rootCertificates[0] }, `sslrootcert=${file}`],
    ['cert', { cert: 'c' }, `sslcert=${file}&sslkey=${file}`],
    ['key', { key: 'k' }, `sslcert=${file}&sslkey=${file}`],
  ])('contradicts itself by "%s"', (key, ssl, parameters) => {
    expect(sslOf({ url: `${base}?${parameters}`, ssl, host: undefined })).toMatchObject({
      option: `dataSource.ssl.${key}`,
      message: expect.stringContaining('contradicts the "url"'),
    });
  });

  it('needs the key of a client certificate, from either place', () => {
    expect(sslOf({ url: `${base}?sslcert=${file}`, host: undefined })).toMatchObject({
      message: expect.stringContaining('has an sslcert without sslkey'),
    });
    const both = { url: `${base}?sslcert=${file}`, ssl: { key: 'k' }, host: undefined };
    expect(sslOf(both)).toMatchObject({ key: 'k', cert: rootCertificates[0] });
  });

  it('is unverified, or none, only where the user has opened the guard', () => {
    const unverified = { ssl: { rejectUnauthorized: false } };
    const refused = {
      message: expect.stringContaining('set "dangerouslySendTokenWithoutVerifiedTls" to true.'),
    };
    expect(sslOf(unverified)).toMatchObject(refused);
    expect(sslOf({ ...unverified, ...opened })).toMatchObject({ rejectUnauthorized: false });
    const unnamed = { ssl: { checkServerIdentity: () => undefined } };
    expect(sslOf(unnamed)).toMatchObject(refused);
    expect(sslOf({ ...unnamed, ...opened })).toMatchObject(unnamed.ssl);
    expect(sslOf({ ssl: { checkServerIdentity: false }, ...opened })).toMatchObject({
      option: 'dataSource.ssl.checkServerIdentity',
    });
    expect(sslOf({ ssl: false })).toMatchObject(refused);
    expect(sslOf({ ssl: false, ...opened })).toBe(false);
    const disabled = { url: `${base}?sslmode=disable`, host: undefined };
    expect(sslOf(disabled)).toMatchObject(refused);
    expect(sslOf({ ...disabled, ...opened })).toBe(false);
    expect(sslOf({ ...disabled, ...opened, ssl: false })).toBe(false);
    expect(sslOf({ url: `${base}?sslmode=require`, host: undefined, ssl: false, ...opened })).toMatchObject({
      message: expect.stringContaining('contradicts the "url"'),
    });
    expect(
      sslOf({ url: `${base}?sslmode=verify-full`, host: undefined, ...unverified, ...opened }),
    ).toMatchObject({
      option: 'dataSource.ssl.rejectUnauthorized',
    });
  });
});

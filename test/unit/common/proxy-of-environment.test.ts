import { describe, expect, it } from '@jest/globals';

import { ProxyError, proxyOfEnvironment } from '../../../lib/common/proxy-of-environment.js';

const url = new URL('https://login.microsoftonline.com/tenant');
const proxyOf = (env: Record<string, string>, target = url): string | undefined =>
  proxyOfEnvironment(target, env)?.href;
const HTTPS_PROXY = 'http://one.example:8080';

describe('the proxy of the environment', () => {
  it.each<[Record<string, string>, string | undefined]>([
    [{}, undefined],
    [{ HTTPS_PROXY }, 'http://one.example:8080/'],
    [{ https_proxy: HTTPS_PROXY }, 'http://one.example:8080/'],
    [{ ALL_PROXY: HTTPS_PROXY }, 'http://one.example:8080/'],
    [{ all_proxy: HTTPS_PROXY }, 'http://one.example:8080/'],
    [{ HTTPS_PROXY, ALL_PROXY: 'http://two.example' }, 'http://one.example:8080/'],
    [{ HTTPS_PROXY: ' ', ALL_PROXY: 'http://two.example' }, 'http://two.example/'],
    [{ HTTPS_PROXY: ' one.example:8080 ' }, 'http://one.example:8080/'],
    [{ HTTPS_PROXY: 'https://one.example' }, 'https://one.example/'],
    [{ HTTP_PROXY: HTTPS_PROXY }, undefined],
  ])('%j: %s', (env, expected) => {
    expect(proxyOf(env)).toBe(expected);
  });

  it.each(['socks5://one.example', 'http://', 'ftp://one.example'])('is not %s', (value) => {
    expect(() => proxyOf({ HTTPS_PROXY: value })).toThrow(ProxyError);
    expect(() => proxyOf({ https_proxy: value })).toThrow('The variable https_proxy does not hold the URL');
  });

  it.each<[string, string, boolean]>([
    ['*', 'https://any.example', true],
    ['login.microsoftonline.com', url.href, true],
    ['LOGIN.microsoftonline.com', url.href, true],
    ['microsoftonline.com', url.href, true],
    ['.microsoftonline.com', url.href, true],
    ['*.microsoftonline.com', url.href, true],
    ['a.example, microsoftonline.com', url.href, true],
    ['a.example microsoftonline.com', url.href, true],
    ['login.microsoftonline.com:443', url.href, true],
    ['login.microsoftonline.com:8443', url.href, false],
    ['login.microsoftonline.com:8443', 'https://login.microsoftonline.com:8443', true],
    ['online.com', url.href, false],
    ['login', url.href, false],
    ['::1', 'https://[::1]/', true],
    ['[::1]', 'https://[::1]/', true],
    ['[::1]:8443', 'https://[::1]:8443/', true],
    ['[::1]:8443', 'https://[::1]/', false],
    [',', url.href, false],
    ['', url.href, false],
  ])('NO_PROXY=%j exempts %s: %p', (list, target, exempt) => {
    const expected = exempt ? undefined : 'http://one.example:8080/';
    expect(proxyOf({ HTTPS_PROXY, NO_PROXY: list }, new URL(target))).toBe(expected);
    expect(proxyOf({ HTTPS_PROXY, no_proxy: list }, new URL(target))).toBe(expected);
  });
});

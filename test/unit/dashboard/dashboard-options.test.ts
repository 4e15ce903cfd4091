import { afterEach, describe, expect, it } from '@jest/globals';
import { EntraOptionsError } from 'nestjs-entra-auth';
import { EntraDashboardModule } from 'nestjs-entra-auth/dashboard';

import { LocalHostGuard } from '../../../lib/dashboard/local-host.guard.js';

class Guard {
  canActivate(): boolean {
    return true;
  }
}

const environment = process.env['NODE_ENV'];
afterEach(() => {
  process.env['NODE_ENV'] = environment;
});

function errorOf(options: object): EntraOptionsError {
  try {
    EntraDashboardModule.forRoot(options);
  } catch (error) {
    return error as EntraOptionsError;
  }
  throw new Error('It was accepted.');
}

describe('a dashboard in production', () => {
  it('refuses to start without a guard, and tells what to write', () => {
    process.env['NODE_ENV'] = 'production';
    const error = errorOf({ path: '/entra' });
    expect(error).toBeInstanceOf(EntraOptionsError);
    expect(error.option).toBe('guard');
    expect(error.message).toBe(
      'Invalid option "guard": missing, and NODE_ENV is "production". Write EntraDashboardModule.forRoot({ guard: ' +
        'AdminGuard }) with a guard of yours that lets operators in, or leave the dashboard out of production.',
    );
  });

  it.each([
    ['a class', Guard],
    ['an object', new Guard()],
  ])('starts with %s as guard', (_, guard) => {
    process.env['NODE_ENV'] = 'production';
    expect(EntraDashboardModule.forRoot({ guard }).controllers).toHaveLength(1);
  });
});

describe('the options of a dashboard', () => {
  it('may be left out elsewhere', () => {
    expect(EntraDashboardModule.forRoot().controllers).toHaveLength(1);
  });

  it.each(['/', '/entra', '/ops/entra-tokens', '/a.b~c_d'])('take %s as path', (path) => {
    expect(EntraDashboardModule.forRoot({ path }).controllers).toHaveLength(1);
  });

  it.each([
    ['path', { path: 'entra' }, /not a path of plain segments/],
    ['path', { path: '/entra/:id' }, /not a path of plain segments/],
    ['path', { path: '/entra/' }, /not a path of plain segments/],
    ['path', { path: '/(.*)' }, /not a path of plain segments/],
    ['path', { path: 7 }, /Invalid option "path": 7/],
    ['guard', { guard: {} }, /canActivate/],
    ['guard', { guard: true }, /canActivate/],
    ['guard', { guard: null }, /canActivate/],
    ['maxWatchers', { maxWatchers: 0 }, /from 1 to 1000/],
    ['title', { title: '' }, /an empty string/],
    ['imports', { imports: {} }, /array of modules/],
    ['extension', { extension: {} }, /class of a provider/],
    ['extenson', { extenson: Guard }, /no such option.*Known here/],
  ])('refuse a wrong %s: %j', (option, options, message) => {
    const error = errorOf(options);
    expect(error).toBeInstanceOf(EntraOptionsError);
    expect(error.option).toBe(option);
    expect(error.message).toMatch(message);
  });
});

describe('a dashboard without a guard', () => {
  const allows = (host: string | undefined): boolean => {
    const context = { switchToHttp: () => ({ getRequest: () => ({ headers: { host } }) }) };
    try {
      return new LocalHostGuard().canActivate(context as never);
    } catch {
      return false;
    }
  };

  it.each(['localhost', 'localhost:3000', '127.0.0.1:3000', '127.1.2.3', '[::1]:3000', 'LOCALHOST'])(
    'answers on %s',
    (host) => expect(allows(host)).toBe(true),
  );

  it.each([
    'example.com',
    'localhost.example.com',
    'example.com:3000',
    '127.0.0.1.example.com',
    '10.0.0.1',
    '',
    undefined,
  ])('does not answer on %s', (host) => expect(allows(host)).toBe(false));
});

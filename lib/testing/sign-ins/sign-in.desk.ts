import type { People } from '../directory/people.js';
import { addressOf, type Authorization } from './authorization.js';
import type { SignInRegistry } from './sign-in.registry.js';
import type { AuthorizationResponse, SignIns } from './sign-ins.js';

/** What people do in their browser, done by the test. */
export class SignInDesk implements SignIns {
  private signedIn: string | undefined;

  constructor(
    private readonly people: People,
    private readonly registry: SignInRegistry,
    private readonly authorization: Authorization,
  ) {}

  get user(): string | undefined {
    return this.signedIn;
  }
  set user(named: string | undefined) {
    this.signedIn = named === undefined ? undefined : this.people.require(named).userPrincipalName;
  }

  get checksPollingInterval(): boolean {
    return this.registry.checksPollingInterval;
  }
  set checksPollingInterval(checks: boolean) {
    this.registry.checksPollingInterval = checks;
  }

  authorize(url: string | URL, user?: string): AuthorizationResponse {
    const { pathname, searchParams } = new URL(url);
    const person = this.people.require(user ?? this.signedIn);
    searchParams.set('username', person.userPrincipalName);
    const redirect = this.authorization.decide(pathname.split('/')[1] ?? '', searchParams, person);
    if (redirect === undefined) throw new Error(`The local Entra has no way back from ${pathname}.`);
    return { url: addressOf(redirect), parameters: redirect.parameters };
  }

  enterCode(userCode: string, user?: string): void {
    this.registry.decide(userCode, { user: user ?? this.signedIn });
  }

  declineCode(userCode: string): void {
    this.registry.decide(userCode, 'declined');
  }

  refuse(user: string, code: number | undefined): void {
    this.registry.refuse(this.people.require(user), code);
  }
}

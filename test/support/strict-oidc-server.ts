import { RunningProgram } from './running-program.js';
import type {
  StrictClientKind,
  StrictServerAddress,
  StrictServerQuestion,
  StrictServerSettings,
  StrictServerStatistics,
} from './strict-oidc-server/protocol.js';

export type {
  StrictClient,
  StrictClientKind,
  StrictServerStatistics,
} from './strict-oidc-server/protocol.js';

const command = ['--import', './test/support/typescript.mjs', './test/support/strict-oidc-server/main.ts'];
const defaultScopes = ['openid', 'offline_access', 'https://graph.microsoft.com/.default'];

/**
 * A server that is not ours and knows no mercy: `oidc-provider` over TLS, in a process of its own, where each refresh
 * token is good for one use and a reuse revokes the whole grant. Its token endpoint has Entra's path. A request may ask
 * for what the sign-in had in its scopes, and for no more.
 */
export class StrictOidcServer implements AsyncDisposable {
  readonly tokenEndpoint: string;
  readonly authorityHost: string;
  readonly tenantId: string;
  /** PEM of the CA to trust. */
  readonly certificateAuthority: string;
  readonly clients: StrictServerAddress['clients'];
  #lastAnswer: Promise<unknown> = Promise.resolve();

  static async start(settings: StrictServerSettings = {}): Promise<StrictOidcServer> {
    const program = RunningProgram.node([...command, JSON.stringify(settings)]);
    try {
      await program.said(/listening/);
      return new StrictOidcServer(program, await ask(program, { kind: 'address' }));
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(
    private readonly program: RunningProgram,
    address: StrictServerAddress,
  ) {
    this.authorityHost = address.authorityHost;
    this.tenantId = address.tenantId;
    this.certificateAuthority = address.certificateAuthority;
    this.clients = address.clients;
    this.tokenEndpoint = `${address.authorityHost}/${address.tenantId}/oauth2/v2.0/token`;
  }

  /** What the process has said: the faults of the server itself. */
  get output(): string {
    return this.program.output;
  }

  /** Signs the user in, and gives the first refresh token of the new grant. */
  issueRefreshToken(
    client: StrictClientKind = 'post',
    scopes: readonly string[] = defaultScopes,
  ): Promise<string> {
    return this.ask({ kind: 'issue', client, scopes });
  }

  /** Whether the token could be redeemed at this moment. */
  accepts(token: string): Promise<boolean> {
    return this.ask({ kind: 'accepts', token });
  }

  /** Revokes the grant of the token. */
  revoke(token: string): Promise<void> {
    return this.ask({ kind: 'revoke', token });
  }

  statistics(): Promise<StrictServerStatistics> {
    return this.ask({ kind: 'statistics' });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.program[Symbol.asyncDispose]();
  }

  // One after the other: the answers do not say which question they belong to.
  private ask<Answer>(question: StrictServerQuestion): Promise<Answer> {
    const answer = this.#lastAnswer.then(() => ask<Answer>(this.program, question));
    this.#lastAnswer = answer.catch(() => undefined);
    return answer;
  }
}

async function ask<Answer>(program: RunningProgram, question: StrictServerQuestion): Promise<Answer> {
  const answer = await program.ask<{ value: Answer } | { error: string }>(JSON.stringify(question));
  if ('error' in answer) throw new Error(answer.error);
  return answer.value;
}

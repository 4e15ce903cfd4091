import { randomBytes } from 'node:crypto';

import { assembleAuthority } from './assemble-authority.js';
import type { AuthorityParts } from './authority.js';
import { Groups, type LocalGroup } from './directory/groups.js';
import { FileBackedClient, type LocalClient } from './directory/file-backed.client.js';
import { FederatedTokenFile } from './client-authentication/federated-token.file.js';
import type { LocalUser } from './directory/people.js';
import { appServicePath } from './managed-identity/app-service.endpoint.js';
import { environmentVariables, type EnvironmentKind } from './environment.js';
import { FaultRegistry } from './faults/fault.registry.js';
import { GraphRestrictions } from './graph/graph-restrictions.js';
import { InterceptedGraph } from './graph/intercepted-graph.js';
import { Latency } from './http/latency.js';
import type { RequestDispatcher } from './http/request.dispatcher.js';
import { InProcessCredential, type LocalCredential } from './in-process.credential.js';
import type { LocalEntra } from './local-entra.js';
import { atLeast, isMissing } from './checks.js';
import type { LocalPostgres } from './postgres/index.js';
import type { RunningRedis } from './redis/start-local-redis.js';
import type { RefreshTokenRegistry } from './refresh-tokens/refresh-token.registry.js';
import { RequestTally } from './requests/request.counters.js';
import type { RunningEntraParts } from './running-entra.parts.js';
import { serveEndpoints } from './serve-endpoints.js';
import type { HandMadeToken } from './tokens/hand-made-token.js';
import type { SignInDesk } from './sign-ins/sign-in.desk.js';
import { tokenLifetime, type TokenLifetime } from './tokens/token-lifetime.js';
import type { TokenExpectation, VerifiedClaims } from './tokens/verified-token.js';

/** The local Entra, put together. */
export class RunningEntra implements LocalEntra {
  readonly tenantId: string;
  readonly client: LocalClient;
  readonly additionalClients: readonly LocalClient[];
  readonly authorityHost: string;
  readonly certificateAuthority: string;
  readonly graphUrl: string;
  readonly imdsUrl: string;
  readonly appService: { readonly endpoint: string; readonly header: string };
  readonly faults: FaultRegistry;
  readonly requests = new RequestTally();
  readonly refreshTokens: RefreshTokenRegistry;
  readonly signIns: SignInDesk;
  private readonly restrictions: GraphRestrictions;
  private readonly known: AuthorityParts;
  private readonly memberships: Groups;
  private readonly authority: RequestDispatcher;
  private readonly latency: Latency;
  private readonly tokenFiles = new Map<string, FederatedTokenFile>();
  readonly servers: { postgres?: LocalPostgres; redis?: RunningRedis } = {};
  private readonly intercepted: InterceptedGraph;
  private stopped: Promise<void> | undefined;

  constructor(private readonly parts: RunningEntraParts) {
    const { settings, ports, workspace } = parts;
    this.tenantId = parts.tenantId;
    this.certificateAuthority = parts.certificateAuthority;
    this.authorityHost = `https://localhost:${ports.authority.port}`;
    this.graphUrl = `https://localhost:${ports.graph.port}`;
    this.intercepted = new InterceptedGraph(this.graphUrl, this.certificateAuthority);
    this.imdsUrl = `http://127.0.0.1:${ports.imds.port}`;
    this.appService = {
      endpoint: `http://127.0.0.1:${ports.appService.port}${appServicePath}`,
      header: randomBytes(16).toString('hex').toUpperCase(),
    };
    this.restrictions = new GraphRestrictions(settings.now);
    this.latency = new Latency(parts.latencyInMs);
    this.faults = new FaultRegistry(() => ports.refuse((endpoint) => this.faults.refuses(endpoint)));
    const authority = (this.known = assembleAuthority(parts, this.authorityHost, this.graphUrl));
    this.refreshTokens = authority.refreshTokens;
    this.signIns = authority.desk;
    this.memberships = new Groups(parts.groups, () => [...parts.principals, ...authority.people.all]);
    const { federatedIssuer } = authority;
    const [first, ...others] = parts.principals.map((principal) => {
      const file = new FederatedTokenFile(principal, workspace, federatedIssuer, parts.clock);
      this.tokenFiles.set(principal.objectId, file);
      return new FileBackedClient(principal, workspace, () => file.path);
    });
    this.client = first!;
    this.additionalClients = others;
    const context = { tally: this.requests, faults: this.faults, latency: this.latency, now: settings.now };
    this.authority = serveEndpoints(ports, context, {
      ...authority,
      appServiceHeader: this.appService.header,
      restrictions: this.restrictions,
      managedIdentity: parts.managedIdentity,
    });
  }

  get users(): readonly LocalUser[] {
    return this.known.people.all;
  }

  get groups(): readonly Required<LocalGroup>[] {
    return this.memberships.all;
  }

  /** Whether a principal is in a group at the moment; both by object ID. */
  isMember(group: string, objectId: string): boolean {
    return this.memberships.includes(group, objectId);
  }

  get certificateAuthorityFile(): string {
    return this.parts.workspace.file('certificate-authority.pem', () => this.certificateAuthority);
  }

  get tokenLifetimeInSeconds(): TokenLifetime {
    return this.parts.settings.tokenLifetimeInSeconds;
  }
  set tokenLifetimeInSeconds(seconds: TokenLifetime) {
    this.parts.settings.tokenLifetimeInSeconds = tokenLifetime(seconds);
  }

  get refreshInSeconds(): number | undefined {
    return this.parts.settings.refreshInSeconds;
  }
  set refreshInSeconds(seconds: number | undefined) {
    this.parts.settings.refreshInSeconds =
      seconds === undefined ? undefined : atLeast(0, seconds, 'refreshInSeconds');
  }

  get graphAuthenticationContext(): string | undefined {
    return this.parts.settings.graphAuthenticationContext;
  }
  set graphAuthenticationContext(context: string | undefined) {
    this.parts.settings.graphAuthenticationContext = context;
  }

  get graphChallengeStatus(): 401 | 403 {
    return this.parts.settings.graphChallengeStatus;
  }
  set graphChallengeStatus(status: 401 | 403) {
    this.parts.settings.graphChallengeStatus = status;
  }

  get latencyInMs(): number {
    return this.latency.inMs;
  }
  set latencyInMs(milliseconds: number) {
    this.latency.inMs = atLeast(0, milliseconds, 'latencyInMs');
  }

  get postgres(): LocalPostgres {
    return this.servers.postgres ?? isMissing('PostgreSQL', 'postgres');
  }

  get redis(): RunningRedis {
    return this.servers.redis ?? isMissing('Redis', 'redis');
  }

  environment(kind: EnvironmentKind, client: LocalClient = this.client): Record<string, string> {
    return environmentVariables(kind, client, this, this.servers.postgres);
  }

  credential(client: LocalClient = this.client): LocalCredential {
    return new InProcessCredential(this.authority, client, this.parts.settings.now);
  }

  renewFederatedToken(client: LocalClient = this.client): void {
    this.tokenFiles.get(client.objectId)?.renew();
  }

  rotateKeys({ withdraw = false }: { withdraw?: boolean } = {}): void {
    this.known.signingKeys.rotate(withdraw);
  }

  throttleGraph(retryAfterInSeconds: number, client: LocalClient = this.client): void {
    this.restrictions.throttle(client.clientId, retryAfterInSeconds);
  }

  revokeSessions({ objectId }: { readonly objectId: string }): void {
    this.restrictions.revoke(objectId);
    this.refreshTokens.revokeOf(objectId);
  }

  interceptGraph(): Disposable {
    return this.intercepted.start();
  }

  issueToken(wanted: HandMadeToken): string {
    return this.known.issuer.issueByHand({ ...wanted, client: wanted.client ?? this.client });
  }

  verifyToken(token: string, expected: TokenExpectation): VerifiedClaims {
    return this.known.verifier.verify(token, expected);
  }

  stop(): Promise<void> {
    return (this.stopped ??= this.shutDown());
  }

  [Symbol.asyncDispose] = (): Promise<void> => this.stop();

  private async shutDown(): Promise<void> {
    this.intercepted[Symbol.dispose]();
    this.latency.stop();
    for (const file of this.tokenFiles.values()) file.stop();
    try {
      const servers = Object.values(this.servers);
      await Promise.all([this.parts.ports.close(), ...servers.map((server) => server.stop())]);
    } finally {
      await this.parts.workspace.close();
    }
  }
}

/** The part of `oidc-provider`, which comes without types, that the tests use. */
declare module 'oidc-provider' {
  import type { EventEmitter } from 'node:events';
  import type { IncomingMessage, ServerResponse } from 'node:http';

  /** What a model keeps, by its ID. */
  export interface Adapter {
    upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void>;
    find(id: string): Promise<AdapterPayload | undefined>;
    findByUid(uid: string): Promise<AdapterPayload | undefined>;
    findByUserCode(userCode: string): Promise<AdapterPayload | undefined>;
    consume(id: string): Promise<void>;
    destroy(id: string): Promise<void>;
    revokeByGrantId(grantId: string): Promise<void>;
  }

  export interface AdapterPayload {
    grantId?: string;
    consumed?: number;
    [member: string]: unknown;
  }

  export interface Client {
    readonly clientId: string;
  }

  export interface Grant {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
    save(): Promise<string>;
    destroy(): Promise<void>;
  }

  export interface RefreshToken {
    readonly grantId: string;
    readonly isValid: boolean;
    save(): Promise<string>;
  }

  export interface Context {
    readonly oidc: { readonly params: Readonly<Record<string, string | undefined>> };
  }

  export default class Provider extends EventEmitter {
    constructor(issuer: string, configuration: object);
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    readonly Client: { find(clientId: string): Promise<Client | undefined> };
    readonly Grant: {
      new (properties: { accountId: string; clientId: string }): Grant;
      find(id: string): Promise<Grant | undefined>;
    };
    readonly RefreshToken: {
      new (properties: Record<string, unknown>): RefreshToken;
      find(token: string, options?: { ignoreExpiration?: boolean }): Promise<RefreshToken | undefined>;
      revokeByGrantId(grantId: string): Promise<void>;
    };
  }
}

/** Who a token speaks for. Every client of the local Entra is one. */
export interface TokenSubject {
  /** The tenant that it is registered in. */
  tenantId: string;
  /** Its application id. */
  clientId: string;
  /** Object id of its service principal. */
  objectId: string;
}

/** A token that no endpoint would issue, to see it refused. */
export interface HandMadeToken {
  /** `aud`: the API that the token is for, without `/.default`. */
  audience: string;
  /** @default the first client */
  client?: TokenSubject;
  /** Negative for a token that has expired. @default `tokenLifetimeInSeconds` of the local Entra */
  lifetimeInSeconds?: number;
  /** When the token begins to be valid, counted from now. @default -300, as Entra's */
  notBeforeInSeconds?: number;
  /** `tid` and the tenant in `iss`. @default the client's */
  tenantId?: string;
  /** Added to the claims; they win, and `undefined` takes one away. */
  claims?: Record<string, unknown>;
  /** A foreign key under the `kid` of the true one, as a forger would do it. @default 'entra' */
  signedBy?: 'entra' | 'foreign-key';
}

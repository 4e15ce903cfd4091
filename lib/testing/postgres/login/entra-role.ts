/** A database role that belongs to a principal in Entra ID. */
export interface EntraRole {
  /** What the client gives as user name; case matters. */
  name: string;
  /** Object id of the principal; a login must bring a token with this `oid`. */
  objectId: string;
}

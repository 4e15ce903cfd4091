/** A database server that takes access tokens as passwords. */
export interface Server {
  host: string;
  port: number;
  database: string;
  /** The role that stands for the Entra principal. */
  user: string;
  /** Certificate of a private certificate authority, as PEM. Azure's own are known to Node. */
  ca?: string;
}

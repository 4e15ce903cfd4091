/** A Redis that takes access tokens as passwords. */
export interface RedisServer {
  host: string;
  /** 10000 of Azure Managed Redis, 6380 of Azure Cache for Redis. */
  port: number;
  /** Certificate of a private certificate authority, as PEM. Azure's own are known to Node. */
  ca?: string;
}

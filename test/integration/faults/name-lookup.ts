import dns from 'node:dns';

const { lookup } = dns;

/** From now on no host name of this process can be resolved; sockets get the error that Node.js gives them then. */
export function breakNameLookup(): void {
  const fail = (hostname: string, ...rest: unknown[]): void => {
    const callback = rest.at(-1) as (error: NodeJS.ErrnoException) => void;
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), {
      errno: -3008,
      code: 'ENOTFOUND',
      syscall: 'getaddrinfo',
      hostname,
    });
    setImmediate(() => callback(error));
  };
  Object.assign(dns, { lookup: fail });
}

export function repairNameLookup(): void {
  Object.assign(dns, { lookup });
}

/** From now on every host name of this process leads to one address. */
export function leadEveryNameTo(address: string): void {
  const lead = (_: string, options: { all?: boolean }, callback: (...found: unknown[]) => void): void => {
    setImmediate(() => (options.all ? callback(null, [{ address, family: 4 }]) : callback(null, address, 4)));
  };
  Object.assign(dns, { lookup: lead });
}

/** A proxy that cannot be used or does not connect. Shows no credentials. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';

  constructor(
    readonly problem: string,
    readonly fix: string,
    /** Whether a later attempt can succeed without a repair. */
    readonly retryable = false,
  ) {
    super(problem);
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

const names = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'];

/**
 * Finds the proxy of the environment for a URL: `HTTPS_PROXY`, else `ALL_PROXY`, unless `NO_PROXY` exempts the host.
 *
 * @throws {ProxyError} unless it is a URL of `http` or `https`
 */
export function proxyOfEnvironment(url: URL, env: Environment = process.env): URL | undefined {
  const name = names.find((candidate) => (env[candidate] ?? '').trim() !== '');
  if (name === undefined || isExemptFromProxy(url, env)) return undefined;
  const text = (env[name] ?? '').trim();
  const full = text.includes('://') ? text : `http://${text}`;
  const proxy = URL.canParse(full) ? new URL(full) : undefined;
  if (proxy !== undefined && /^https?:$/.test(proxy.protocol)) return proxy;
  throw new ProxyError(
    `The variable ${name} does not hold the URL of an HTTP proxy.`,
    `Set ${name} to a URL such as "http://proxy.example:8080".`,
  );
}

/**
 * Whether `NO_PROXY` exempts the host of a URL. An entry is a host with an optional port and includes its subdomains; `*`
 * matches every host.
 */
export function isExemptFromProxy(url: URL, env: Environment = process.env): boolean {
  const list = env['NO_PROXY'] ?? env['no_proxy'] ?? '';
  const host = url.hostname.toLowerCase().replace(/^\[|\]$/g, '');
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, bracketed, plain = '', port] =
        /^(?:\[([^\]]*)\]|([^:]*|.*:.*:.*?))(?::(\d+))?$/.exec(entry) ?? [];
      if (port !== undefined && port !== (url.port || '443')) return false;
      const name = bracketed ?? plain.replace(/^\*?\./, '');
      return name !== '' && (host === name || host.endsWith(`.${name}`));
    });
}

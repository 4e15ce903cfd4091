import { ProxyError } from './proxy.error.js';

type Environment = Readonly<Record<string, string | undefined>>;

const names = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'];

/**
 * The proxy that the environment names for a URL: `HTTPS_PROXY`, else `ALL_PROXY`, unless `NO_PROXY` exempts the host.
 *
 * @throws {ProxyError} when it is not a URL of `http` or `https`
 */
export function proxyOfEnvironment(url: URL, env: Environment = process.env): URL | undefined {
  const name = names.find((candidate) => (env[candidate] ?? '').trim() !== '');
  if (name === undefined || isExempt(url, env['NO_PROXY'] ?? env['no_proxy'] ?? '')) return undefined;
  const text = (env[name] ?? '').trim();
  const full = text.includes('://') ? text : `http://${text}`;
  const proxy = URL.canParse(full) ? new URL(full) : undefined;
  if (proxy !== undefined && /^https?:$/.test(proxy.protocol)) return proxy;
  throw new ProxyError(
    `The variable ${name} does not hold the URL of an HTTP proxy.`,
    `Set ${name} to a URL such as "http://proxy.example:8080".`,
  );
}

/** Entries are hosts with an optional port, and stand for their subdomains too; `*` stands for all. */
function isExempt(url: URL, list: string): boolean {
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

import { asError } from '../../common/thrown.js';
import { adviceFor } from '../../credential/failure-advice.js';
import { authorityHosts } from '../../entra/clouds.js';
import { postForm } from '../../refresh-token/post-form.js';
import { ProxyError, proxyOfEnvironment } from '../../common/proxy-of-environment.js';
import type { DoctorContext } from './doctor-context.js';
import { fail, failed, ok, warn, type Finding } from './finding.js';

const timeoutInMs = 5_000;
const minute = 60_000;
const setClock =
  'Set the clock of this machine, by NTP for instance: a server compares the times of a token with its own.';

/** The proxy of the environment, the authority behind it, and what its answer shows of this machine's clock. */
export async function checkAuthority({ settings, clock }: DoctorContext): Promise<Finding[]> {
  const authority = settings.authorityHost ?? authorityHosts[settings.cloud];
  if (!URL.canParse(authority)) {
    const remedy = 'Give a URL such as "https://login.microsoftonline.com".';
    return [fail('authority', 'The authority host is not a URL.', remedy)];
  }
  const url = new URL('/common/oauth2/v2.0/token', authority);
  const findings: Finding[] = [];
  try {
    const proxy = proxyOfEnvironment(url);
    const transport = { ca: settings.ca, agent: undefined, timeoutInMs, clock, origin: undefined };
    const startedAt = clock.now();
    const answer = await postForm(
      { url, parameters: new URLSearchParams(), authorization: undefined },
      transport,
    );
    const now = clock.now();
    if (proxy !== undefined) findings.push(ok('proxy', `${proxy.host} leads to ${url.host}.`));
    findings.push(ok('authority', `${url.host} answers.`, { durationInMs: now - startedAt }));
    return [...findings, clockFinding(answer.date, now)];
  } catch (error) {
    if (error instanceof ProxyError) return [fail('proxy', error.problem, error.fix)];
    const text = asError(error).message;
    const code: unknown = Reflect.get(asError(error), 'code');
    const advice = adviceFor(`${text} ${typeof code === 'string' ? code : ''}`, undefined);
    return [...findings, failed('authority', error, advice)];
  }
}

/** Compares the `Date` of a response with this machine's clock. */
export function clockFinding(date: string | undefined, now: number): Finding {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return warn('clock', 'The authority sends no time to compare with.');
  const aheadInMs = now - theirs;
  const seconds = Math.round(Math.abs(aheadInMs) / 1_000);
  const text = `This machine's clock is ${seconds} s ${aheadInMs > 0 ? 'ahead of' : 'behind'} the authority's.`;
  const facts = { clockAheadInSeconds: Math.round(aheadInMs / 1_000) };
  if (Math.abs(aheadInMs) < minute) return ok('clock', text, { facts });
  if (Math.abs(aheadInMs) < 5 * minute) return { ...warn('clock', text, setClock), facts };
  return fail('clock', text, setClock, { facts });
}

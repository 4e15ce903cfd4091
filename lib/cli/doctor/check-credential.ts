import { asError } from '../../common/thrown.js';
import type { ChainLink } from '../../credential/default-chain/chain-link.js';
import type { DoctorContext } from './doctor-context.js';
import { fail, ok, warn, type Finding } from './finding.js';

/** The links of the default chain, each with why it is skipped, up to the first that can be asked. */
export async function checkCredential({ links }: DoctorContext): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const link of links) {
    const reason = await refusalOf(link);
    if (reason === undefined) {
      const last = link.decides
        ? 'it is configured, so that no other is asked'
        : 'others follow if it gives none';
      return [...findings, ok('credential', `${link.title} is asked: ${last}.`)];
    }
    findings.push(ok('credential', `${link.title} is skipped: ${reason}.`));
  }
  return [...findings, nothingUsable(links)];
}

async function refusalOf(link: ChainLink): Promise<string | undefined> {
  try {
    return (await link.refusal(AbortSignal.timeout(3_000)))?.reason;
  } catch (error) {
    return asError(error).message;
  }
}

function nothingUsable(links: readonly ChainLink[]): Finding {
  const tools = links.filter(({ signIn }) => signIn !== undefined);
  const local =
    tools.length === 0 ? '' : "On a developer's machine install the Azure CLI and run `az login`. ";
  return fail(
    'credential',
    'No credential is configured on this machine.',
    `${local}On Azure assign a managed identity, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.`,
  );
}

/** Which link gave the token. */
export function usedLink({ links, memory }: DoctorContext): Finding | undefined {
  const link = links.find(({ name }) => name === memory.link);
  if (link === undefined) return undefined;
  if (link.signIn === undefined) return ok('credential', `The token comes from: ${link.title}.`);
  return warn(
    'credential',
    `The token comes from a developer's tool: ${link.title}. It belongs to a person, not to the application.`,
  );
}

import type { TokenCredential } from '../../entra/token-credential.js';
import {
  definedOnly,
  type AzureIdentity,
  type AzureIdentityContext,
  type AzureIdentityOptions,
} from '../azure-identity.js';
import { ObservedCredential } from '../observed-credential.js';
import type { ChainLink, LinkName } from './chain-link.js';
import { isOnPath } from './find-program.js';

type ToolOptions = AzureIdentityOptions & { tenantId?: string; processTimeoutInMs: number };

interface Tool {
  name: LinkName;
  title: string;
  /** How developers sign in with it. */
  signIn: string;
  /** Programs, one of which is needed. */
  programs: readonly string[];
  make: (identity: AzureIdentity, options: ToolOptions) => TokenCredential;
}

const tools: readonly Tool[] = [
  {
    name: 'visualstudiocodecredential',
    title: 'Visual Studio Code',
    signIn: 'Sign in to Azure in Visual Studio Code',
    programs: [],
    make: ({ VisualStudioCodeCredential }, options) => new VisualStudioCodeCredential(options),
  },
  {
    name: 'azureclicredential',
    title: 'Azure CLI',
    signIn: 'Run `az login`',
    programs: ['az'],
    make: ({ AzureCliCredential }, options) => new AzureCliCredential(options),
  },
  {
    name: 'azurepowershellcredential',
    title: 'Azure PowerShell',
    signIn: 'Run `Connect-AzAccount`',
    programs: process.platform === 'win32' ? ['pwsh', 'powershell'] : ['pwsh'],
    make: ({ AzurePowerShellCredential }, options) => new AzurePowerShellCredential(options),
  },
  {
    name: 'azuredeveloperclicredential',
    title: 'Azure Developer CLI',
    signIn: 'Run `azd auth login`',
    programs: ['azd'],
    make: ({ AzureDeveloperCliCredential }, options) => new AzureDeveloperCliCredential(options),
  },
];

/** The links of developers' tools. Each needs its program on the PATH. */
export function developerLinks(tenantId: string | undefined, context: AzureIdentityContext): ChainLink[] {
  return tools.map(({ name, title, signIn, programs, make }) => ({
    name,
    title,
    signIn,
    decides: false,
    refusal: () =>
      programs.length === 0 || programs.some((program) => isOnPath(program))
        ? undefined
        : { reason: `not installed ("${programs[0]}" is not on the PATH)`, passing: false },
    make: async () => {
      const identity = await context.identity();
      const options = await context.options();
      const limits = { processTimeoutInMs: context.requestTimeoutInMs };
      return new ObservedCredential(make(identity, { ...options, ...definedOnly({ tenantId }), ...limits }));
    },
  }));
}

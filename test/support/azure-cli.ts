const everywhere = ['--resource-group', '--name'];

/**
 * The flags of the commands of the Azure CLI that the pages name, from its reference.
 *
 * @see https://learn.microsoft.com/cli/azure/reference-index
 */
const flags: Readonly<Record<string, readonly string[]>> = {
  'ad app federated-credential create': ['--id', '--parameters'],
  'aks show': [...everywhere, '--query', '--output'],
  'aks update': [...everywhere, '--enable-oidc-issuer', '--enable-workload-identity'],
  'containerapp identity assign': [...everywhere, '--user-assigned', '--system-assigned'],
  'functionapp identity assign': [...everywhere, '--identities'],
  'identity create': [...everywhere, '--location'],
  'identity federated-credential create': [
    ...everywhere,
    '--identity-name',
    '--issuer',
    '--subject',
    '--audience',
    '--audiences',
  ],
  'identity show': [...everywhere, '--query', '--output'],
  'postgres flexible-server microsoft-entra-admin create': [
    '--resource-group',
    '--server-name',
    '--display-name',
    '--object-id',
    '--type',
  ],
  'postgres flexible-server update': [...everywhere, '--microsoft-entra-auth', '--password-auth'],
  'vm identity assign': [...everywhere, '--identities'],
  'vmss identity assign': [...everywhere, '--identities'],
  'webapp config appsettings set': [...everywhere, '--settings'],
  'webapp config set': [...everywhere, '--generic-configurations'],
  'webapp identity assign': [...everywhere, '--identities'],
};

/** What the Azure CLI would not know in a text of commands, a line for each. */
export function unknownToAzure(text: string): string[] {
  const joined = text.replaceAll(/\\\n\s*/g, ' ').replaceAll(/'[^']*'/gs, 'TEXT');
  return [...joined.matchAll(/\baz ((?:[a-z][a-z-]* )+)(.*)$/gm)].flatMap(([, words = '', rest = '']) => {
    const command = words.trim();
    const known = flags[command];
    if (known === undefined) return [`az ${command}`];
    const used = rest.match(/(?<=^| )--?[a-z][a-z-]*/g) ?? [];
    return used.filter((flag) => !known.includes(flag)).map((flag) => `az ${command} ${flag}`);
  });
}

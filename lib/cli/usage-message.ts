import type { CommanderError } from 'commander';

import { EntraOptionsError } from '../common/entra-auth.error.js';

const invalidValue = /^error: (option '[^']*') argument [\s\S]* is invalid\.\s*([^']*)$/;
const optionName = /^error: unknown option '(--[a-z]+(?:-[a-z]+)*)(?:=|')/;
const suggestion = /\(Did you mean --?[a-z-]+\?\)\s*$/;
const longestOptionName = 24;

/** What is wrong with a command line, without the values that stand in it: one of them may be a secret. */
export function usageMessage({ code, message }: CommanderError): string {
  switch (code) {
    case 'commander.unknownOption': {
      const name = optionName.exec(message)?.[1] ?? '';
      const shown = name === '' || name.length > longestOptionName ? '' : ` ${name}`;
      return `error: unknown option${shown} ${suggestion.exec(message)?.[0].trim() ?? ''}`.trim();
    }
    case 'commander.unknownCommand':
      return 'error: unknown command; --help lists the commands';
    case 'commander.excessArguments':
      return 'error: too many arguments; a refresh token is read from AZURE_REFRESH_TOKEN or standard input';
    case 'commander.invalidArgument': {
      const [, option = 'an option', advice = ''] = invalidValue.exec(message) ?? [];
      return `error: the value of ${option} is invalid. ${advice}`.trim();
    }
    case 'commander.optionMissingArgument':
    case 'commander.conflictingOption':
    case 'commander.missingArgument':
      return message;
    default:
      return 'error: the command line is wrong; see --help';
  }
}

/** Values that the program needs and was not given, each with where it is looked for. */
export function missingValues(names: readonly string[]): EntraOptionsError {
  const list = names.join(', ');
  return new EntraOptionsError(
    list,
    'not set',
    'Set them in the environment; a secret never goes onto the command line, where every process can read it.',
  );
}

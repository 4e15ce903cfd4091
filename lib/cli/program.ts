import { createRequire } from 'node:module';

import { Command, CommanderError } from 'commander';

import { isEntraAuthError } from '../common/entra-auth.error.js';
import { redact } from '../common/redaction.js';
import { asError } from '../common/thrown.js';
import { discreetTerminal, type Terminal } from './discreet-terminal.js';
import { doctorCommand } from './doctor.command.js';
import { ExitCode, exitCodeOf, exitCodes } from './exit-code.js';
import { loginCommand } from './login.command.js';
import { storeCommand } from './store.command.js';
import { tokenCommand } from './token.command.js';
import { usageMessage } from './usage-message.js';

/**
 * Runs one command line.
 *
 * @param args what follows the program's name
 * @returns the exit code
 */
export async function runProgram(args: readonly string[], fullTerminal: Terminal): Promise<number> {
  const terminal = discreetTerminal(fullTerminal, args);
  try {
    await createProgram(terminal).parseAsync(args, { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof ExitCode) return error.exitCode;
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.ok;
      // Without a command, commander has shown the help.
      if (error.code !== 'commander.help') terminal.err(`${usageMessage(error)}\n`);
      return exitCodes.usage;
    }
    const { name, message } = asError(error);
    const code = isEntraAuthError(error) ? ` (${error.code})` : '';
    terminal.err(`${name}${code}: ${redact(message)}\n`);
    return exitCodeOf(error);
  }
}

function createProgram(terminal: Terminal): Command {
  const program = new Command('nestjs-entra-auth')
    .description(
      'Finds out why a login with a token of Microsoft Entra ID fails, signs in, redeems refresh tokens, and looks after their stores.',
    )
    .version(version());
  program
    .addCommand(tokenCommand(terminal))
    .addCommand(loginCommand(terminal))
    .addCommand(storeCommand(terminal))
    .addCommand(doctorCommand(terminal));
  direct(program, terminal);
  return program;
}

/** Lets a command and those below it write to the terminal, and throw where they would end the process. */
function direct(command: Command, terminal: Terminal): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => terminal.out(text),
    writeErr: (text) => terminal.err(text),
    // Its messages repeat what was typed.
    outputError: () => undefined,
  });
  for (const inner of command.commands) direct(inner, terminal);
}

function version(): string {
  const require = createRequire(import.meta.url);
  return (require('nestjs-entra-auth/package.json') as { version: string }).version;
}

import { Command, Option } from 'commander';

import { systemClock, unref } from '../common/clock.js';
import { rememberSecret } from '../common/known-secrets.js';
import { clouds } from '../entra/clouds.js';
import type { Terminal } from './discreet-terminal.js';
import { linesOf, reportOf } from './doctor/doctor-report.js';
import { doctorSettings, type DoctorOptions } from './doctor/doctor.settings.js';
import type { Step } from './doctor/examine.js';
import type { Finding } from './doctor/finding.js';
import { ExitCode, exitCodes } from './exit-code.js';

const help = `
Looks at the credential that an application here would use, the proxy, the authority and this machine's clock, a token, the
server's TLS, and a login with the token. Each line: ok, warn or fail, then what to do. Shows no token and no secret.

Environment: the same as the application's, such as AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.

Exit codes:
  0  nothing fails
  1  something fails
  2  the command line is wrong`;

const secretVariables = ['AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE_PASSWORD', 'AZURE_PASSWORD'];
const quietInMs = 1_000;

/** Finds out why a login fails. */
export function doctorCommand(terminal: Terminal): Command {
  return new Command('doctor')
    .description('find out why no token can be obtained, or a login with it fails')
    .option('--host <name>', 'PostgreSQL server to log in to')
    .option('--port <number>', 'of the server', '5432')
    .option('--database <name>', 'of the server (default: "postgres")')
    .option('--username <role>', 'role to log in as (default: the one that the token names)')
    .addOption(
      new Option('--data-source <module>', 'module that exports a TypeORM DataSource').conflicts('host'),
    )
    .option('--redis <host:port>', 'Redis to log in to')
    .option('--resource <name>', 'well-known name or scope of the token (default: "postgres")')
    .addOption(new Option('--cloud <cloud>').choices(clouds).default('public'))
    .option('--authority-host <url>', "an authority other than the cloud's")
    .option('--ca-file <file>', 'certificate authority of the authority and the servers, as PEM')
    .option('--json', 'print JSON')
    .addHelpText('after', help)
    .action((options: DoctorOptions) => runDoctor(options, terminal));
}

/** @throws {ExitCode} when something fails */
async function runDoctor(options: DoctorOptions, terminal: Terminal): Promise<void> {
  for (const name of secretVariables) rememberSecret(process.env[name]);
  const findings: Finding[] = [];
  for await (const finding of findingsOf(options, terminal)) {
    findings.push(finding);
    if (!options.json) terminal.out(linesOf(finding));
  }
  const report = reportOf(findings);
  if (options.json) terminal.out(`${JSON.stringify(report, null, 2)}\n`);
  if (report.status === 'fail') throw new ExitCode(exitCodes.failure);
}

async function* findingsOf(options: DoctorOptions, terminal: Terminal): AsyncGenerator<Finding> {
  const settings = doctorSettings(options);
  const clock = { ...systemClock, now: () => terminal.now() };
  // Loaded here: the other commands need none of it.
  const { examine, unusable } = await import('./doctor/examine.js');
  const { DoctorContext } = await import('./doctor/doctor-context.js');
  let context: InstanceType<typeof DoctorContext>;
  try {
    context = new DoctorContext(settings, clock);
  } catch (error) {
    yield unusable(error);
    return;
  }
  yield* examine(context, options.dataSource, (step) => withProgress(step, terminal));
}

/** Tells what is being waited for, when that takes longer than a second. */
async function withProgress({ progress, run }: Step, terminal: Terminal): Promise<Finding[]> {
  const timer = systemClock.setTimeout(() => terminal.err(`… ${progress}\n`), quietInMs);
  unref(timer);
  try {
    return await run();
  } finally {
    systemClock.clearTimeout(timer);
  }
}

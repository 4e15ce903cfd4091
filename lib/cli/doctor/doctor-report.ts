import { redact } from '../../common/redaction.js';
import type { Finding } from './finding.js';

/** What the program prints with `--json`; `docs/doctor.schema.json` describes it. */
export interface DoctorReport {
  readonly version: 1;
  /** The worst of the findings. */
  readonly status: Finding['status'];
  readonly findings: readonly Finding[];
}

const order: readonly Finding['status'][] = ['ok', 'warn', 'fail'];

export function reportOf(findings: readonly Finding[]): DoctorReport {
  const worst = Math.max(0, ...findings.map(({ status }) => order.indexOf(status)));
  return { version: 1, status: order[worst] ?? 'ok', findings };
}

const width = 'credential'.length;

/** A finding as lines for people: what is so, then what was read, then what to do. */
export function linesOf({ check, status, text, remedy, facts, durationInMs }: Finding): string {
  const took = durationInMs === undefined ? '' : ` (${durationInMs} ms)`;
  const indent = ' '.repeat(status.length < 4 ? 6 : 6) + ' '.repeat(width + 1);
  const lines = [`${status.padEnd(4)}  ${check.padEnd(width)} ${inOneLine(text)}${took}`];
  const read = Object.entries(facts ?? {}).map(([name, value]) => `${name}: ${String(value)}`);
  if (read.length > 0) lines.push(`${indent}${read.join(', ')}`);
  if (remedy !== undefined) lines.push(`${indent}-> ${inOneLine(remedy)}`);
  return redact(`${lines.join('\n')}\n`);
}

function inOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

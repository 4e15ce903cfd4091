import { quoteLiteral } from './quoting.js';

const space = String.raw`(?:\s|--[^\n]*\n)`;
/** A statement of its own: at the start of the text, after another one or within a block of PL/pgSQL. */
const statement = new RegExp(
  String.raw`(^|;|\bbegin\b|\bthen\b|\belse\b)(${space}*)security\s+label\s+for\s+(?:"pgaadauth"|'pgaadauth'|pgaadauth)\s+on\s+role\s+` +
    String.raw`("(?:[^"]|"")+"|[a-z_][\w$]*)\s+is\s+('(?:[^']|'')*'|null\b)`,
  'gi',
);

/** Puts a call in the place of `SECURITY LABEL FOR pgaadauth ON ROLE … IS …`, for which PostgreSQL wants a module in C. */
export function withoutSecurityLabels(sql: string): string {
  return sql.replace(
    statement,
    (_match, before: string, gap: string, role: string, label: string) =>
      `${before}${gap}CALL pg_catalog.pgaadauth_set_label(${quoteLiteral(nameOf(role))}, ${label})`,
  );
}

/** Whether a text may give a role to another principal. */
export function concernsRoles(sql: string): boolean {
  return /pgaadauth|\b(drop|alter)\s+(role|user)\b/i.test(sql);
}

function nameOf(identifier: string): string {
  return identifier.startsWith('"')
    ? identifier.slice(1, -1).replaceAll('""', '"')
    : identifier.toLowerCase();
}

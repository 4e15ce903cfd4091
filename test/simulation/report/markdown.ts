/** A table as Prettier would write it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** A share with as many digits as it needs to be told from nothing. */
export function percent(share: number): string {
  const value = share * 100;
  return `${Number(value.toFixed(value > 0 && value < 9.95 ? 1 : 0))} %`;
}

export function rounded(value: number, digits: number): string {
  return value.toFixed(digits);
}

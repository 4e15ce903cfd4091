const configuration = new URL('../../eslint.rooms.mjs', import.meta.url).href;
const { rooms } = (await import(configuration)) as { rooms: Record<string, string[]> };

/** Integration tests that hold a room besides those in the folder of its name. */
const neighbours: Readonly<Record<string, readonly string[]>> = {
  credential: ['nest'],
  graph: ['clients'],
  mssql: ['drivers'],
  mysql: ['drivers'],
  options: ['nest'],
};

/** Folders of `test` to run one after another, the nearest and quickest first: what a stage notices needs no later one. */
export function stagesOf(sampled: readonly string[]): string[][] {
  const above = Object.entries(rooms)
    .filter(([, below]) => below.some((room) => sampled.includes(room)))
    .map(([room]) => room);
  const near = sampled.flatMap((room) => [room, ...(neighbours[room] ?? [])]);
  return [
    sampled.map((room) => `unit/${room}`),
    above.map((room) => `unit/${room}`),
    near.map((room) => `integration/${room}`),
  ];
}

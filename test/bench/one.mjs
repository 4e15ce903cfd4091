/** Runs one benchmark, and prints its results as JSON. */
const { run } = await import(`./${process.argv[2]}.bench.mjs`);
process.stdout.write(JSON.stringify(await run()));
process.exit(0);

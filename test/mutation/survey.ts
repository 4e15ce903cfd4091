import type { JestReport, JestRunner } from './jest-runner.js';

/** What a test file does while no mutant is on. */
interface TestFile {
  millis: number;
  /** The mutants that it comes by outside of its tests, such as while it is loaded. */
  outside: readonly number[];
  /** By its number, the mutants that a test comes by. Tests that failed are left out. */
  tests: Map<number, readonly number[]>;
}

const filesOfRun = 12;

/** Runs test files for many mutants at once, and learns which tests come by which. */
export class Survey {
  readonly #files = new Map<string, TestFile>();
  /** Mutants that slow tests come by, or of which a failure could not be repeated. */
  readonly #undecided = new Set<number>();
  #running: { file: string; id?: number } | undefined;

  constructor(
    private readonly runner: JestRunner,
    /** The mutants that no test has noticed. */
    private readonly live: Set<number>,
    private readonly tell: (line: string) => void,
  ) {}

  async run(files: readonly string[]): Promise<void> {
    const left = [...files];
    while (left.length > 0 && this.live.size > 0) {
      const batch = left.splice(0, filesOfRun);
      this.#running = undefined;
      const report = (one: JestReport): void => this.#take(one);
      const { error } = await this.runner.run({ files: batch, live: [...this.live] }, report);
      if (error !== undefined) left.unshift(...this.#afterLost(batch, error));
    }
  }

  /** Whether only a run with the mutant on from the start can tell: values that a file computes once come from it. */
  needsOwnRun(id: number): boolean {
    return this.#undecided.has(id) || [...this.#files.values()].some(({ outside }) => outside.includes(id));
  }

  /** For a mutant: the test files that come by it, the quickest first, with the numbers of their tests. */
  testsOf(id: number, budgetInMs: number): Record<string, number[]> {
    let left = budgetInMs;
    const chosen = [...this.#files]
      .map(([file, { millis, outside, tests }]) => {
        const all = [...tests.keys()];
        const some = all.filter((number) => tests.get(number)?.includes(id));
        return { file, millis, numbers: outside.includes(id) ? all : some };
      })
      .filter(({ numbers }) => numbers.length > 0)
      .sort((one, other) => one.millis - other.millis)
      .filter(({ millis }, n) => (left -= millis) > 0 || n === 0);
    return Object.fromEntries(chosen.map(({ file, numbers }) => [file, numbers]));
  }

  #take(report: JestReport): void {
    if (report.kind === 'end') return;
    const known = this.#files.get(report.file) ?? { millis: 0, outside: [], tests: new Map() };
    this.#files.set(report.file, known);
    if (report.kind === 'run') this.#running = report;
    if (report.kind === 'file') [known.millis, known.outside] = [report.millis, report.hits];
    if (report.kind === 'undecided') for (const id of report.ids) this.#undecided.add(id);
    if (report.kind === 'noticed') {
      this.live.delete(report.id);
      this.tell(`noticed    #${report.id} by test ${report.number} of ${report.file}`);
    }
    if (report.kind !== 'test') return;
    if (report.failed) this.tell(`fails without a mutant: test ${report.number} of ${report.file}`);
    else known.tests.set(report.number, report.hits);
  }

  /** A mutant that ends or hangs the process is noticed; without one the file is left out. */
  #afterLost(batch: readonly string[], error: string): readonly string[] {
    const { file, id } = this.#running ?? { file: batch[0]! };
    const at = batch.indexOf(file);
    if (id === undefined) {
      this.tell(`${error} without a mutant, left out: ${file}`);
      this.#files.delete(file);
      return batch.slice(at + 1);
    }
    this.live.delete(id);
    this.tell(`noticed    #${id}: ${error} in ${file}`);
    return batch.slice(at);
  }
}

import { RunningProgram, type ProgramOptions } from './running-program.js';

/** What the sample prints when it listens: its address. */
export const sampleUrl = /Open (http:\/\/localhost:\d+) to see/;

export function startSample({ env, ...options }: ProgramOptions): RunningProgram {
  return RunningProgram.node(['dist/sample-app/main.js'], { ...options, env: { PORT: '0', ...env } });
}

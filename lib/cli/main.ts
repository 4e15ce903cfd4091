#!/usr/bin/env node
import { text } from 'node:stream/consumers';

import { runProgram } from './program.js';

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read it has seen enough, as `head` does.
    if (error.code !== 'EPIPE') throw error;
  });
}

void runProgram(process.argv.slice(2), {
  env: process.env,
  out: (line) => void process.stdout.write(line),
  err: (line) => void process.stderr.write(line),
  readInput: () => text(process.stdin),
  inputIsTyped: process.stdin.isTTY,
  now: () => Date.now(),
}).then((exitCode) => {
  // Set and not enforced: what is still to be written to a pipe is written.
  process.exitCode = exitCode;
});

#!/usr/bin/env node
import { text } from 'node:stream/consumers';

import { runProgram } from './program.js';

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // The reader has closed the pipe, as `head` does.
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
  // Not `process.exit()`, which would cut off output to a pipe.
  process.exitCode = exitCode;
});

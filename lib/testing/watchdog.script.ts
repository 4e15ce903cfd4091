/**
 * What the watchdog process runs (`node -e`): plain CommonJS without imports of ours, so that it needs no build, no
 * loader and no file. Processes are stopped before directories are removed, because they may still write there.
 */
export const watchdogScript = String.raw`
const fs = require('node:fs');
const graceInMs = 10000;
const directories = new Set();
const pids = new Set();
let rest = '';
let cleaning = false;

// Ctrl-C reaches every process of the terminal; this one must live on to clean up.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => {
  rest += chunk;
  const lines = rest.split('\n');
  rest = lines.pop();
  for (const line of lines) {
    const command = JSON.parse(line);
    if (command.removeDirectory) directories.add(command.removeDirectory);
    if (command.stopProcess) pids.add(command.stopProcess);
  }
});
process.stdin.on('end', clean);
process.stdin.on('close', clean);
process.stdin.on('error', clean);

function signal(pid, name) {
  try { process.kill(pid, name); return true; } catch { return false; }
}

// A process that has ended but was not yet waited for still answers signal 0; that only costs the grace.
async function clean() {
  if (cleaning) return;
  cleaning = true;
  const alive = new Set([...pids].filter((pid) => signal(pid, 'SIGINT')));
  const deadline = Date.now() + graceInMs;
  while (alive.size > 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const pid of alive) if (!signal(pid, 0)) alive.delete(pid);
    if (Date.now() > deadline) {
      for (const pid of alive) signal(pid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 200));
      alive.clear();
    }
  }
  for (const directory of directories) {
    try { fs.rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }); } catch {}
  }
  process.exit(0);
}
`;

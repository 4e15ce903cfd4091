#!/bin/sh
# ioredis 6.0.0: the connection by which a cluster subscribes does not use `redisOptions.Connector`.
# Every other connection to a node does, so a Connector that adds TLS, a proxy or a fresh password misses this one.
# Seen: 3 connections accepted, 2 of them opened by the Connector
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import net from 'node:net';
import { Cluster } from 'ioredis';

const text = (value) => `$${Buffer.byteLength(value)}\r\n${value}\r\n`;

// A cluster of one node, which owns every slot.
function reply(command, { port }) {
  if (command === 'cluster slots') {
    return `*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n${text('127.0.0.1')}:${port}\r\n${text('a'.repeat(40))}`;
  }
  if (command.startsWith('subscribe')) return `*3\r\n${text('subscribe')}${text('news')}:1\r\n`;
  return command.startsWith('info') ? text('loading:0') : '+OK\r\n';
}

let accepted = 0;
const server = net.createServer((socket) => {
  accepted++;
  socket.on('error', () => undefined);
  socket.on('data', (data) => {
    const lines = data.toString().split('\r\n');
    for (let n = 0; n < lines.length - 1; ) {
      const words = 2 * Number(lines[n].slice(1));
      const command = lines.slice(n + 1, n + 1 + words).filter((_, index) => index % 2 === 1);
      socket.write(reply(command.join(' ').toLowerCase(), server.address()));
      n += 1 + words;
    }
  });
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const { port } = server.address();
let opened = 0;
class Connector {
  check = () => true;
  disconnect = () => this.stream?.end();
  connect() {
    opened++;
    this.stream = net.connect(port, '127.0.0.1');
    return Promise.resolve(this.stream);
  }
}
const cluster = new Cluster([{ host: '127.0.0.1', port }], { redisOptions: { Connector }, lazyConnect: true });
await cluster.connect();
await cluster.subscribe('news');
await new Promise((done) => setTimeout(done, 500));
console.log(`${accepted} connections accepted, ${opened} of them opened by the Connector`);
assert.deepEqual([accepted, opened], [3, 2]);
process.exit();
PROGRAM
node finding.mjs

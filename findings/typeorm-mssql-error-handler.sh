#!/bin/sh
# typeorm 1.1.1 with mssql 12.7.14: a data source with `pool.errorHandler`, which TypeORM documents and uses, does not start: TypeORM
# passes the whole option `pool` on, and the pool under mssql (tarn 3) refuses what it does not know.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund typeorm@1.1.1 mssql@12.7.14 reflect-metadata@0.2.2
cat >finding.mjs <<'PROGRAM'
import assert from 'node:assert/strict';
import mssql from 'mssql';
import { DataSource } from 'typeorm';

/** Stands for a server that takes the first login. */
class ConnectionPool extends mssql.ConnectionPool {
  _poolCreate() {
    return Promise.resolve({});
  }
  _poolDestroy() {
    return Promise.resolve();
  }
}
const dataSource = new DataSource({
  type: 'mssql',
  host: 'localhost',
  database: 'notes',
  driver: { ...mssql, ConnectionPool },
  pool: { max: 1, errorHandler: (error) => console.log(error) },
});
await assert.rejects(dataSource.initialize(), /Tarn: unsupported option opt\.errorHandler/);
console.log('The data source with pool.errorHandler did not start: "Tarn: unsupported option opt.errorHandler".');
PROGRAM
node finding.mjs

/** The part of `mssql` and of its `tedious` that is used: neither brings types. */
declare module 'mssql' {
  const mssql: import('./mssql-driver.js').MsSqlModule;
  export default mssql;
}

// duckdb.js IN OUT writes the rows of one Parquet file as another, as DuckDB does.
const { DuckDBInstance } = require('@duckdb/node-api');
(async () => {
  const c = await (await DuckDBInstance.create(':memory:')).connect();
  await c.run(`COPY (SELECT * FROM '${process.argv[2]}') TO '${process.argv[3]}' (FORMAT parquet, COMPRESSION zstd)`);
})().catch(e => { console.error(e); process.exit(1) });

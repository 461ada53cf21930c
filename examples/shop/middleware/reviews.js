// What customers say, kept in PostgreSQL; the ratings, which every page of the shop asks for, are cached in Redis for a moment.
'use strict';
const http = require('node:http');
const { Pool } = require('pg');
const Redis = require('ioredis');

const port = Number(process.env.PORT ?? 5104);
const servedBy = process.env.MAINSTAY_INSTANCE ?? `reviews-${process.pid}`;
const cachedSeconds = 2;
// Milliseconds that each answer takes longer: a way to see what a bad version does.
const slowMs = Math.min(Math.max(Number(process.env.SLOW_MS) || 0, 0), 10_000);
const database = new Pool({ connectionString: process.env.DB ?? 'postgres://postgres@127.0.0.1:5432/shop', max: 4, connectionTimeoutMillis: 3000 });
const cache = new Redis(process.env.CACHE ?? 'redis://127.0.0.1:6379', { maxRetriesPerRequest: 1, commandTimeout: 2000 });
for (const [name, of] of Object.entries({ database, cache })) of.on('error', (error) => console.error(`${name}: ${error.message}`));

// Several instances start at once: one of them makes the table and fills it.
async function prepare(reviews) {
  const client = await database.connect();
  try {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock(713)');
    await client.query('create table if not exists reviews (sku text not null, stars int not null, body jsonb not null)');
    const { rows } = await client.query('select count(*)::int as count from reviews');
    if (rows[0].count === 0) {
      for (const [sku, of] of Object.entries(reviews)) {
        for (const review of of) await client.query('insert into reviews (sku, stars, body) values ($1, $2, $3)', [sku, review.stars, review]);
      }
    }
    await client.query('commit');
  } finally {
    client.release();
  }
}

async function ratings() {
  const { rows } = await database.query('select sku, count(*)::int as count, round(avg(stars), 1)::float8 as stars from reviews group by sku order by sku');
  return rows;
}

async function of(sku) {
  const { rows } = await database.query('select body from reviews where sku = $1', [sku]);
  return rows.map((row) => row.body);
}

// Without the cache the database is asked: slower, and right.
async function cached(key, make) {
  const known = await cache.get(key).catch(() => null);
  if (known) return known;
  const made = JSON.stringify(await make());
  cache.set(key, made, 'EX', cachedSeconds).catch(() => {});
  return made;
}

async function answer(path) {
  if (path === '/health') return [200, '{"status":"ok"}'];
  if (path === '/api/ratings') return [200, await cached('ratings', ratings)];
  const sku = path.match(/^\/api\/reviews\/([a-z]{1,32})$/)?.[1];
  return sku === undefined ? [404, '{"title":"Not Found","status":404}'] : [200, await cached(`reviews:${sku}`, () => of(sku))];
}

const server = http.createServer(async (request, response) => {
  request.resume();
  if (slowMs > 0 && request.url !== '/health') await new Promise((done) => setTimeout(done, slowMs));
  const [status, body] = await answer(request.url.split('?', 1)[0]).catch((error) => [503, JSON.stringify({ title: error.message, status: 503 })]);
  const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(body), 'X-Served-By': servedBy };
  const id = request.headers['x-request-id'];
  if (id && id.length <= 128) headers['X-Request-Id'] = id;
  response.writeHead(status, headers).end(body);
});
server.keepAliveTimeout = 120_000;

prepare(require(process.env.REVIEWS ?? '../reviews/reviews.json')).then(
  () => server.listen(port, '127.0.0.1', () => console.log(`${new Date().toISOString()} listening on http://127.0.0.1:${port} as ${servedBy}`)),
  (error) => {
    console.error(`the reviews cannot be prepared: ${error.message}`);
    process.exit(1);
  });

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => server.close(() => process.exit(0)));
}

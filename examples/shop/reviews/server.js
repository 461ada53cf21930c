// What customers say. Read-only and of low criticality: the shop's pages work without it.
'use strict';
const http = require('node:http');
const reviews = require('./reviews.json');

const port = Number(process.env.PORT ?? 5104);
// Milliseconds that every answer waits: a way to see what a slow dependency does to the shop.
const slow = Math.min(Math.max(Number(process.env.SLOW_MS) || 0, 0), 60_000);
const servedBy = process.env.MAINSTAY_INSTANCE ?? `reviews-${process.pid}`;

const round = (number) => Math.round(number * 10) / 10;
const ratings = Object.entries(reviews).map(([sku, of]) => ({
  sku, count: of.length, stars: round(of.reduce((sum, r) => sum + r.stars, 0) / of.length),
}));

function answer(path) {
  if (path === '/health') return [200, { status: 'ok' }];
  if (path === '/api/ratings') return [200, ratings];
  const sku = path.match(/^\/api\/reviews\/([a-z]{1,32})$/)?.[1];
  if (sku !== undefined) return [200, Object.hasOwn(reviews, sku) ? reviews[sku] : []];
  return [404, { title: 'Not Found', status: 404 }];
}

let stopping = false;
const server = http.createServer((request, response) => {
  request.resume();
  const [status, body] = answer(request.url.split('?', 1)[0]);
  const bytes = Buffer.from(JSON.stringify(body));
  const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': bytes.length, 'X-Served-By': servedBy };
  const id = request.headers['x-request-id'];
  if (id && id.length <= 128) headers['X-Request-Id'] = id;
  const send = () => {
    if (stopping) headers.Connection = 'close';
    response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : bytes);
  };
  if (slow > 0 && request.url !== '/health') setTimeout(send, slow);
  else send();
});

// An idle connection outlives the caller's own idle limit: the caller closes first, and no request meets a closing connection.
server.keepAliveTimeout = 120_000;
server.on('error', (error) => {
  console.error(`cannot listen on port ${port}: ${error.message}`);
  process.exitCode = 1;
});
server.listen(port, '127.0.0.1', () => console.log(`${new Date().toISOString()} listening on http://127.0.0.1:${port} as ${servedBy}`));

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    console.log(`${new Date().toISOString()} ${signal}: finishing what is in flight`);
    stopping = true;
    server.close();
    server.closeIdleConnections();
  });
}

// One desk of the checkout: the warehouse sets goods aside, the bank takes money, the post sends parcels. Which of them it is says DESK.
// What was answered to an Idempotency-Key is answered again, from a journal that is on the disk before the answer is sent.
//   DATA_DIR  where the journal lies                 SLOW_MS  milliseconds that every answer waits
//   LIMIT     the bank refuses a higher amount       PORT     where it listens
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');

const port = Number(process.env.PORT ?? 5105);
const desk = process.env.DESK ?? 'warehouse';
const slow = Math.min(Math.max(Number(process.env.SLOW_MS) || 0, 0), 60_000);
const limit = Number(process.env.LIMIT ?? 1000);
const folder = process.env.DATA_DIR || path.join(process.env.XDG_DATA_HOME || path.join(os.homedir(), '.local/share'), 'shop', 'checkout');
const mostBody = 64 * 1024;

fs.mkdirSync(folder, { recursive: true });
const file = path.join(folder, `${desk}.jsonl`);
const answers = new Map();
const things = new Map();

function remember(entry) {
  answers.set(entry.key, entry);
  if (entry.id && entry.status < 300) things.set(entry.id, { state: entry.state, order: entry.order });
}

if (fs.existsSync(file)) {
  // The last line is torn where the machine went down while it was written: nobody was told of it.
  for (const line of fs.readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
    try { remember(JSON.parse(line)); } catch { console.error('a torn line is left out'); }
  }
}
const journal = fs.openSync(file, 'a');

function decide(request, body) {
  const id = request.url.match(/^\/(?:reservations|charges|parcels)\/([a-z0-9-]{1,40})(?:\/undo)?$/)?.[1];
  if (id) {
    const known = things.get(id);
    return known ? { status: 200, id, order: known.order, state: 'undone' } : { status: 404 };
  }
  if (request.method !== 'POST' || !/^\/(reservations|charges|parcels)$/.test(request.url)) return { status: 404 };
  if (typeof body?.order !== 'string') return { status: 400, why: 'an order is missing' };
  if (desk === 'bank' && !(Number(body.amount) <= limit)) return { status: 402, why: `more than ${limit} is not lent` };
  return { status: 201, id: `${desk}-${things.size + 1}`, order: body.order, state: 'done' };
}

let stopping = false;
const send = (response, status, value) => {
  const bytes = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': bytes.length, ...(stopping && { Connection: 'close' }) }).end(bytes);
};

const server = http.createServer((request, response) => {
  const chunks = [];
  let length = 0;
  request.on('data', (chunk) => { length += chunk.length; if (length <= mostBody) chunks.push(chunk); });
  request.on('end', () => {
    if (request.url === '/health') return send(response, 200, { status: 'ok' });
    if (request.url === '/things') return send(response, 200, [...things].map(([id, thing]) => ({ id, ...thing })));
    if (length > mostBody) return send(response, 413, { why: 'the body is too large' });
    let body = null;
    try { body = length > 0 ? JSON.parse(Buffer.concat(chunks)) : null; } catch { return send(response, 400, { why: 'the body is not JSON' }); }
    const key = request.headers['idempotency-key'];
    if (!key) return send(response, 400, { why: 'an Idempotency-Key is missing' });
    let entry = answers.get(key);
    if (!entry) {
      entry = { key, ...decide(request, body) };
      fs.writeSync(journal, JSON.stringify(entry) + '\n');
      fs.fdatasyncSync(journal);
      remember(entry);
    }
    setTimeout(() => send(response, entry.status, { id: entry.id, state: entry.state, why: entry.why }), slow);
  });
});

// An idle connection outlives the caller's own idle limit: the caller closes first, and no request meets a closing connection.
server.keepAliveTimeout = 120_000;
server.on('error', (error) => { console.error(`cannot listen on port ${port}: ${error.message}`); process.exitCode = 1; });
server.listen(port, '127.0.0.1', () => console.log(`${desk} listens on http://127.0.0.1:${port}, ${answers.size} answers known`));
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => { stopping = true; server.close(); server.closeIdleConnections(); });
}

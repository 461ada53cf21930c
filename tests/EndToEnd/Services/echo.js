// The service of the end-to-end tests: starts in a moment, says who answers, and fails in the ways that its environment names.
//   START_DELAY_MS  listens so much later            CRASH_AFTER_MS  exits with code 3 so long after its start
//   NEVER_READY     /health answers 503              HANG_HEALTH     /health never answers
//   FAILS           everything but /health answers 500
//   SLOW_MS         everything but /health takes so much longer
//   CALLS           /chain calls each need so many times, and waits for one of them
//   MARK            given back with every answer
//   SETTINGS_JSON   a file that is read for every answer and given back with it; with "fails": "true" everything but /health answers 500
//   KEEP            a file that gets a line for each request to /events: its event's partition key and id
'use strict';
const fs = require('node:fs');
const http = require('node:http');

const port = Number(process.env.PORT);
const me = {
  instance: process.env.MAINSTAY_INSTANCE ?? '', service: process.env.MAINSTAY_SERVICE ?? '', version: process.env.MAINSTAY_VERSION ?? '',
  mark: process.env.MARK ?? '', pid: process.pid,
};
const needs = Object.entries(process.env).filter(([key]) => /^[A-Z0-9_]+_URL$/.test(key) && key !== 'MAINSTAY_URL');

let stopping = false;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function read(request) {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    request.on('data', (chunk) => { bytes += chunk.length; });
    request.on('end', () => resolve(bytes));
    request.on('error', reject);
  });
}

function get(url) {
  return new Promise((resolve) => {
    http.get(url, (response) => {
      let text = '';
      response.on('data', (chunk) => { text += chunk; });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    }).on('error', (error) => resolve({ status: 0, text: error.message }));
  });
}

async function answer(request) {
  const url = new URL(request.url, 'http://service');
  const received = await read(request);
  switch (url.pathname) {
    case '/health':
      if (process.env.HANG_HEALTH) await new Promise(() => {});
      return [process.env.NEVER_READY ? 503 : 200, { status: process.env.NEVER_READY ? 'not ready' : 'ok' }];
    case '/slow':
      await wait(Math.min(Number(url.searchParams.get('ms') ?? 100), 10_000));
      return [200, me];
    case '/chain': {
      const called = {};
      for (const [key, address] of needs) {
        for (let extra = Number(process.env.CALLS ?? 1); extra > 1; extra--) void get(new URL('/chain', address));
        const { status, text } = await get(new URL('/chain', address));
        called[key] = status === 200 ? JSON.parse(text) : { status, text };
      }
      return [200, { ...me, called }];
    }
    case '/events':
      if (process.env.KEEP) fs.appendFileSync(process.env.KEEP, `${request.headers['ce-partitionkey']} ${request.headers['ce-id']}\n`);
      return [200, me];
    default: {
      await wait(Number(process.env.SLOW_MS ?? 0));
      const settings = process.env.SETTINGS_JSON ? JSON.parse(fs.readFileSync(process.env.SETTINGS_JSON, 'utf8')) : undefined;
      return [process.env.FAILS || settings?.fails === 'true' ? 500 : 200, { ...me, method: request.method, path: url.pathname, received, settings }];
    }
  }
}

const server = http.createServer(async (request, response) => {
  try {
    const [status, body] = await answer(request);
    const bytes = Buffer.from(JSON.stringify(body));
    const headers = { 'Content-Type': 'application/json', 'Content-Length': bytes.length };
    if (stopping) headers.Connection = 'close';
    response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : bytes);
  } catch (error) {
    console.error(error);
    response.destroy();
  }
});

// An idle connection outlives the caller's own idle limit: the caller closes first.
server.keepAliveTimeout = 120_000;
server.on('error', (error) => {
  console.error(`cannot listen on ${port}: ${error.message}`);
  process.exit(1);
});
console.log(`${me.instance} starts as process ${process.pid}`);
setTimeout(() => server.listen(port, '127.0.0.1', () => console.log(`listening on ${port}`)), Number(process.env.START_DELAY_MS ?? 0));
if (process.env.CRASH_AFTER_MS) {
  setTimeout(() => {
    console.error('crashing as asked');
    process.exit(3);
  }, Number(process.env.CRASH_AFTER_MS));
}

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    console.log(`${signal}: finishing what is in flight`);
    stopping = true;
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}

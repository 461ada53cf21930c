// A service whose work can be chosen: WORK_MS of processor time for each request, then a call of DB_URL where that is given. With TURN_MS it takes one request at a time, each for so long, as a
// database without an index does.
'use strict';
const http = require('node:http');

const [work, turn] = [Number(process.env.WORK_MS ?? 0), Number(process.env.TURN_MS ?? 0)];
let last = Promise.resolve();

function spend(ms) {
  const end = process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000 + ms;
  while ((process.cpuUsage().user + process.cpuUsage().system) / 1000 < end);
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ask = (url) => new Promise((resolve) => {
  http.get(url, (answer) => answer.resume().on('end', () => resolve(answer.statusCode))).on('error', () => resolve(502));
});

const server = http.createServer(async (request, response) => {
  let status = 200;
  if (request.url !== '/health') {
    if (work) spend(work);
    if (turn) await (last = last.then(() => wait(turn)));
    if (process.env.DB_URL) status = await ask(process.env.DB_URL);
  }
  const body = JSON.stringify({ instance: process.env.MAINSTAY_INSTANCE });
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }).end(body);
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)) && server.closeIdleConnections());

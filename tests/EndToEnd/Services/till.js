// A service that writes down what it does before it answers: DATA_FILE gets a line per request that it carried out, with its key.
'use strict';
const fs = require('node:fs');
const http = require('node:http');

const server = http.createServer((request, response) => {
  if (request.url === '/health') return response.writeHead(200).end();
  request.resume().on('end', () => setTimeout(() => {
    fs.appendFileSync(process.env.DATA_FILE, `${request.headers['idempotency-key']}\n`);
    setTimeout(() => response.writeHead(200, { 'Content-Type': 'text/plain' }).end(`did ${request.headers['idempotency-key']}`), Number(process.env.SLOW_MS));
  }, Number(process.env.SLOW_MS)));
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)) && server.closeIdleConnections());

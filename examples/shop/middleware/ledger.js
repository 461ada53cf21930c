// Takes each order's end from the queue and adds what was sold to the sums of its products.
'use strict';
const http = require('node:http');
const amqp = require('amqplib');
const { Pool } = require('pg');

const queue = 'order-events';
const port = Number(process.env.PORT ?? 5105);
const database = new Pool({ connectionString: process.env.DB ?? 'postgres://postgres@127.0.0.1:5432/shop', max: 2, connectionTimeoutMillis: 3000 });
database.on('error', (error) => console.error(`database: ${error.message}`));

// Milliseconds that each message takes longer: a way to see what a slow consumer does. PUT /faults/slow?ms=N, with FAULTS=on.
let slowMs = 0;

async function book(order) {
  if (slowMs > 0) await new Promise((done) => setTimeout(done, slowMs));
  if (order.status !== 'Placed') return;
  for (const line of [...order.lines].sort((a, b) => (a.sku < b.sku ? -1 : 1))) {
    await database.query(
      'insert into sold (sku, pieces) values ($1, $2) on conflict (sku) do update set pieces = sold.pieces + excluded.pieces', [line.sku, line.quantity]);
  }
}

async function run() {
  await database.query('create table if not exists sold (sku text primary key, pieces bigint not null)');
  const connection = await amqp.connect(process.env.EVENTS ?? 'amqp://127.0.0.1:5672');
  // Without RabbitMQ there is nothing to do: it is started again until it is there.
  connection.on('close', () => process.exit(1));
  connection.on('error', (error) => console.error(`events: ${error.message}`));
  const channel = await connection.createChannel();
  await channel.assertExchange(queue, 'direct', { durable: true });
  await channel.assertQueue(queue, { durable: true });
  await channel.bindQueue(queue, queue, queue);
  await channel.prefetch(4);
  await channel.consume(queue, (message) => {
    if (message === null) return;
    book(JSON.parse(message.content)).then(() => channel.ack(message), (error) => {
      console.error(`not booked: ${error.message}`);
      channel.nack(message, false, true);
    });
  });
}

const server = http.createServer((request, response) => {
  request.resume();
  const url = new URL(request.url, 'http://127.0.0.1');
  const isFault = process.env.FAULTS === 'on' && request.method === 'PUT' && url.pathname === '/faults/slow';
  if (isFault) slowMs = Math.min(Math.max(Number(url.searchParams.get('ms')) || 0, 0), 10_000);
  response.writeHead(isFault || url.pathname === '/health' ? 200 : 404).end();
});

run().then(
  () => server.listen(port, '127.0.0.1', () => console.log(`${new Date().toISOString()} takes from ${queue}`)),
  (error) => {
    console.error(`cannot begin: ${error.message}`);
    process.exit(1);
  });

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(0));

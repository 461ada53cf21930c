// Speaks the Admin API (read side, scale and restart) about a made-up world, and serves web/dist like the real server.
// node test/fixture.mjs [--port 7070] [--services 200] [--edges 600]
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runtimeOf } from './runtime.mjs';
import { readConfig } from './config.mjs';
import { changeIncident, exemplarsOf, makeIncidents, readObserve } from './observe.mjs';
import { makePolicies, readPolicies, writePolicies } from './policies.mjs';
import { readSchedule, registryOf } from './schedule.mjs';
import { readReleases } from './releases.mjs';
import { readStreams } from './streams.mjs';
import { readStore } from './store.mjs';
import { actOnTraffic, makeTraffic, pastRequest, trafficOf } from './traffic.mjs';
import { addEvent, makeWorld, mapOf, statusOf } from './world.mjs';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

/** Starts on loopback; resolves to the server with its world, its URL, `changed()` to push a new state, and `stop()`. */
export async function startFixture({ port = 0, services = 0, edges, everyMs = 1000, logEveryMs = 400 } = {}) {
  const world = makeWorld({ count: services, ...(edges && { edges }) });
  const traffic = makeTraffic();
  const policies = makePolicies();
  const incidents = makeIncidents();
  const watchers = { status: new Set(), map: new Set(), events: new Set(), traffic: new Set(), runtime: new Set(), incidents: new Set() };
  const open = new Set();
  const push = (feed, event, data, id) => {
    for (const response of watchers[feed]) response.write(`${id ? `id: ${id}\n` : ''}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const changed = () => {
    push('status', 'status', statusOf(world));
    push('map', 'map', mapOf(world));
  };
  const tell = (...args) => {
    const event = addEvent(world, ...args);
    push('events', 'put', event, event.revision);
    return event;
  };
  const timer = setInterval(() => {
    push('map', 'map', mapOf(world));
    push('traffic', 'traffic', trafficOf(world, traffic));
    push('runtime', 'runtime', runtimeOf(world));
  }, everyMs);
  const server = createServer((request, response) => {
    open.add(response);
    response.on('close', () => open.delete(response));
    void answer({ request, response, world, traffic, policies, incidents, push, watchers, changed, tell, logEveryMs });
  });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  const stop = () => {
    clearInterval(timer);
    for (const response of open) response.destroy();
    return new Promise((done) => server.close(done));
  };
  return { world, traffic, policies, changed, tell, stop, url: `http://127.0.0.1:${server.address().port}`, port: server.address().port };
}

async function answer(context) {
  const { request, response } = context;
  const url = new URL(request.url, 'http://fixture');
  if (url.pathname === '/prometheus/api/v1/query_exemplars') return json(response, exemplarsOf(url.searchParams));
  if (!url.pathname.startsWith('/api/v1/')) return file(url.pathname, response);
  const [noun, name, verb] = url.pathname.slice('/api/v1/'.length).split('/').map(decodeURIComponent);
  const schedule = request.method === 'GET' && (readStreams(noun, name, verb) ?? readStore(noun, name) ?? readSchedule(context.world, noun, name, verb));
  if (schedule) return json(response, schedule);
  const read = request.method === 'GET' && (readPolicies(context.policies, noun, name, verb) ?? readObserve(noun, name, url.searchParams));
  if (read) return reply(response, read);
  if (request.method === 'PUT') return put(context, noun, name, url.searchParams.has('dryRun'));
  if (request.method === 'POST' || request.method === 'DELETE') return act(context, noun, name, verb);
  const stream = request.headers.accept === 'text/event-stream';
  const { world, traffic, watchers } = context;
  const releases = request.method === 'GET' && (readReleases(world, noun, name, verb) ?? readConfig(noun, name, verb));
  if (Array.isArray(releases)) {
    if (!stream) return json(response, { items: releases, revision: world.revision });
    watch(response, new Set());
    response.write(`event: list\ndata: ${JSON.stringify({ items: releases, revision: world.revision })}\n\n`);
    return undefined;
  }
  if (releases) return json(response, releases);
  switch (noun) {
    case 'status':
      return stream ? watch(response, watchers.status) : json(response, statusOf(world));
    case 'map':
      if (url.searchParams.has('at')) {
        // Before an hour ago nothing was kept; at all other times the reviews were well.
        if (Number(url.searchParams.get('at')) < Date.now() - 3_700_000) return problem(response, 404, 'not found', 'nothing is known of the map then', 'ask for a later moment');
        const past = mapOf(world);
        return json(response, { ...past, nodes: past.nodes.map((node) => (node.id === 'reviews' ? { ...node, state: 'run', reason: 'Serving', ready: 1 } : node)) });
      }
      return stream ? watch(response, watchers.map) : json(response, mapOf(world));
    case 'traffic':
      return stream ? watch(response, watchers.traffic) : json(response, trafficOf(world, traffic));
    case 'runtime':
      return stream ? watch(response, watchers.runtime) : json(response, runtimeOf(world));
    case 'rules':
      watch(response, new Set());
      response.write(`event: list\ndata: ${JSON.stringify({ items: [{ name: 'many-errors', spec: { expr: 'sum(rate(http_server_request_failed[5m])) > 3', for: '2m', severity: 'high' } }], revision: world.revision })}\n\n`);
      return undefined;
    case 'registry':
      watch(response, new Set());
      response.write(`event: list\ndata: ${JSON.stringify({ items: registryOf(world) })}\n\n`);
      return undefined;
    case 'incidents':
      watch(response, watchers.incidents);
      response.write(`event: list\ndata: ${JSON.stringify({ items: context.incidents, revision: world.revision })}\n\n`);
      return undefined;
    case 'requests':
      return name === 'unknown' ? problem(response, 404, 'not found', `no gateway remembers a request '${name}'`, 'give the X-Request-Id of a recent response') : json(response, pastRequest(name));
    case 'events':
      if (stream) {
        watch(response, watchers.events);
        response.write(`event: list\ndata: ${JSON.stringify({ items: world.events, revision: world.revision })}\n\n`);
        return undefined;
      }
      return json(response, { items: world.events.filter((event) => event.about === url.searchParams.get('about')).slice(-Number(url.searchParams.get('tail') ?? 100)), revision: world.revision });
    case 'versions':
      return json(response, { items: world.versions, revision: world.revision });
    case 'diff':
      return json(response, diff(world, Number(url.searchParams.get('from')), Number(url.searchParams.get('to'))));
    case 'logs':
      return logs(context, url.searchParams);
    default:
      return problem(response, 404, 'not found', `there is no ${noun}`, 'see /api/v1/kinds');
  }
}

function diff(world, from, to) {
  const [low, high] = from < to ? [from, to] : [to, from];
  const merged = new Map();
  for (const version of world.versions.filter(({ number }) => number > low && number <= high)) {
    for (const change of version.changes) merged.set(change.path, { ...change, before: merged.get(change.path)?.before ?? change.before });
  }
  const changes = [...merged.values()].map((change) => (from < to ? change : { path: change.path, before: change.after, after: change.before }));
  return { from, to, changes };
}

async function act({ request, response, world, traffic, incidents, push, changed, tell }, noun, name, verb) {
  let body = '';
  for await (const piece of request) body += piece;
  const incident = noun === 'incidents' && changeIncident(incidents, name, verb);
  if (incident) {
    push('incidents', 'put', incident);
    return json(response, incident);
  }
  const did = actOnTraffic(traffic, request.method, noun, name, body ? JSON.parse(body) : undefined);
  if (did) return void response.writeHead(did[0], { 'Content-Type': did[0] < 400 ? 'application/json' : 'application/problem+json' }).end(JSON.stringify(did[1]));
  const service = noun === 'services' ? world.find(name) : undefined;
  if (!service) return problem(response, 404, 'not found', `there is no service '${name}'`, 'see mainstay get services');
  if (verb === 'scale') {
    const { instances } = JSON.parse(body);
    if (instances > 6) return problem(response, 422, 'the architecture is invalid', `scale ${instances} is greater than max 6`, 'raise instances.max in the manifest, or choose at most 6');
    Object.assign(service, { state: 'scale', reason: instances > service.wanted ? 'ScalingOut' : 'ScalingIn', message: `from ${service.wanted} to ${instances}`, wanted: instances });
    tell(`service/${name}`, service.reason, service.message);
  } else tell(`service/${name}`, 'Replacing', 'restart asked for');
  changed();
  return json(response, { version: world.architecture.version });
}

async function put({ request, response, policies }, noun, name, dryRun) {
  let body = '';
  for await (const piece of request) body += piece;
  const did = writePolicies(policies, noun, name, JSON.parse(body), request.headers['if-match'], dryRun);
  return did ? reply(response, did) : problem(response, 404, 'not found', `there is no ${noun}/${name}`, 'see /api/v1/kinds');
}

function reply(response, { status, body, tag }) {
  response.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json', ...(tag && { ETag: tag }) }).end(JSON.stringify(body));
}

function logs({ response, world, logEveryMs }, query) {
  const service = world.find(query.get('service'));
  const instances = service?.instances.map((one) => one.id) ?? [];
  let count = 0;
  const line = (at) => {
    const n = count++;
    const err = n % 9 === 4;
    const text = err ? `warn: slow query took ${80 + ((n * 37) % 400)} ms` : `\u001b[32minfo\u001b[0m: GET /api/items/${(n * 7919) % 1000} 200 in ${1 + ((n * 13) % 40)} ms`;
    return { at: new Date(at).toISOString(), instance: instances[n % instances.length] ?? 'none', stream: err ? 'err' : 'out', text };
  };
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const write = (at) => response.write(`event: log\ndata: ${JSON.stringify(line(at))}\n\n`);
  for (let i = 120; i > 0; i--) write(Date.now() - i * logEveryMs);
  const timer = setInterval(() => write(Date.now()), logEveryMs);
  response.on('close', () => clearInterval(timer));
}

function watch(response, watchers) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.write('event: ping\ndata: {}\n\n');
  watchers.add(response);
  response.on('close', () => watchers.delete(response));
}

function json(response, value) {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

function problem(response, status, title, detail, remedy) {
  response.writeHead(status, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify({ title, status, detail, remedy }));
}

function file(path, response) {
  const asked = join(dist, normalize(path));
  const found = asked.startsWith(dist) && existsSync(asked) && statSync(asked).isFile() ? asked : join(dist, 'index.html');
  // The strictest policy that the page works with; the real server may send it too.
  response.writeHead(200, {
    'Content-Type': types[extname(found)] ?? 'application/octet-stream',
    'Content-Security-Policy': "default-src 'self'; frame-ancestors 'none'",
  });
  createReadStream(found).pipe(response);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const option = (name, fallback) => Number(process.argv[process.argv.indexOf(`--${name}`) + 1 || -1] ?? fallback) || fallback;
  const fixture = await startFixture({ port: option('port', 7070), services: option('services', 0), edges: option('edges', undefined) });
  console.log(fixture.url);
}

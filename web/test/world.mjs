// A made-up architecture that lives: it is what the fixture server tells about. Deterministic for a seed.

export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const levels = ['critical', 'high', 'medium', 'low'];

const shop = {
  services: [
    ['web', 'critical', '1.4.0', 3], ['orders', 'critical', '2.1.0', 2], ['inventory', 'high', '1.9.2', 2], ['payments', 'critical', '3.0.1', 2],
    ['reviews', 'low', '1.0.3', 1], ['search', 'medium', '0.8.0', 2], ['mailer', 'low', '1.1.0', 1], ['ledger', 'high', '2.2.0', 1],
  ],
  edges: [
    ['gateway', 'web', 182], ['gateway', 'orders', 41], ['web', 'orders', 38], ['web', 'inventory', 96], ['web', 'reviews', 88], ['web', 'search', 52],
    ['orders', 'inventory', 36], ['orders', 'payments', 12], ['orders', 'mailer', 0], ['payments', 'ledger', 11.4],
  ],
};

function large(count, edgeCount) {
  const chance = random(7);
  const areas = ['cart', 'order', 'user', 'stock', 'price', 'media', 'risk', 'ship', 'bill', 'feed'];
  const parts = ['api', 'worker', 'store', 'cache', 'index', 'sync', 'rules', 'audit', 'export', 'queue'];
  const services = [];
  for (let i = 0; i < count; i++) {
    const name = `${areas[i % 10]}-${parts[Math.floor(i / 10) % 10]}${i >= 100 ? `-${Math.floor(i / 100) + 1}` : ''}`;
    services.push([name, levels[Math.floor(chance() * 4)], `1.${i % 9}.${i % 4}`, 1 + Math.floor(chance() * 4)]);
  }
  // Tiers as architectures grow them: few doors, many services behind, fewer stores at the bottom.
  const shares = [0.05, 0.17, 0.24, 0.24, 0.18, 0.12];
  const starts = shares.map((_, tier) => Math.round(count * shares.slice(0, tier).reduce((sum, share) => sum + share, 0)));
  const within = (tier) => starts[tier] + Math.floor(chance() * ((starts[tier + 1] ?? count) - starts[tier]));
  const edges = new Map();
  for (let i = 0; i < starts[1]; i++) edges.set(`gateway ${i}`, ['gateway', services[i][0], 50 + 400 * chance()]);
  for (let i = starts[1]; i < count; i++) {
    const tier = starts.findLastIndex((start) => start <= i);
    const from = within(tier - 1);
    edges.set(`${from} ${i}`, [services[from][0], services[i][0], 10 ** (chance() * 3)]);
  }
  for (let tries = 0; edges.size < edgeCount && tries < edgeCount * 50; tries++) {
    const tier = Math.floor(chance() * 5);
    const [from, to] = [within(tier), within(Math.min(5, tier + (chance() < 0.8 ? 1 : 2)))];
    edges.set(`${from} ${to}`, [services[from][0], services[to][0], chance() < 0.1 ? 0 : 10 ** (chance() * 3.2)]);
  }
  return { services, edges: [...edges.values()] };
}

/** `count` 0 means the shop with two ailing services; else so many generated ones. */
export function makeWorld({ count = 0, edges = 3 * count, now = Date.now() } = {}) {
  const plan = count > 0 ? large(count, edges) : shop;
  const chance = random(42);
  let pid = 4100;
  let port = 20000;
  const hosts = count > 0 ? ['host-a', 'host-b', 'host-c'] : ['local'];
  const services = plan.services.map(([name, criticality, version, wanted]) => ({
    name, criticality, version, state: 'run', reason: 'Serving', message: '', since: new Date(now - 3_600_000).toISOString(), wanted, ready: wanted,
    instances: Array.from({ length: wanted }, (_, i) => ({
      id: `${name}-${i + 1}`, pid: pid++, endpoint: `127.0.0.1:${port++}`, host: hosts[(i + name.length) % hosts.length], state: 'ready', reason: 'Serving', message: '',
      version, restarts: 0, startedAt: new Date(now - 3_600_000 + i * 61_000).toISOString(),
    })),
  }));
  const world = {
    architecture: { title: count > 0 ? 'harbour' : 'shop', environment: 'dev', version: 4, running: true },
    services,
    gateway: { listen: 'http://127.0.0.1:8080', state: 'ready', tableRevision: 311 },
    hosts: hosts.map((name, i) => ({ name, state: count > 0 && i === 2 ? 'lost' : 'ready', address: `127.0.0.${i + 1}` })),
    flows: plan.edges.map(([from, to, rate]) => ({ from, to, base: rate, errors: 0, p50: 1 + chance() * 12, p99: 14 + chance() * 120 })),
    revision: 311,
    events: [],
    versions: versions(now),
    chance,
    find: (name) => services.find((service) => service.name === name),
  };
  seedTroubles(world, count);
  seedEvents(world, now);
  return world;
}

export function ail(world, name, { state, reason, message, ready, instance = 'backoff', errors = 0.18 }) {
  const service = world.find(name);
  Object.assign(service, { state, reason, message, since: new Date().toISOString() });
  service.instances.forEach((one, i) => {
    if (i < ready) return;
    Object.assign(one, { state: instance, reason, message, restarts: one.restarts + 6, ...(instance === 'backoff' && { pid: 0, startedAt: undefined }) });
  });
  service.ready = ready;
  for (const flow of world.flows) if (flow.to === name) flow.errors = errors;
  world.revision++;
}

export function heal(world, name) {
  const service = world.find(name);
  Object.assign(service, { state: 'run', reason: 'Serving', message: '', ready: service.wanted, since: new Date().toISOString() });
  for (const one of service.instances) Object.assign(one, { state: 'ready', reason: 'Serving', message: '', pid: one.pid || 9000, startedAt: new Date().toISOString() });
  for (const flow of world.flows) if (flow.to === name) flow.errors = 0;
  world.revision++;
}

function seedTroubles(world, count) {
  if (count === 0) {
    ail(world, 'reviews', { state: 'failed', reason: 'CrashLoop', message: 'reviews-1 ended with exit code 1 six times in a row, the last time 0.4s after its start; see its logs', ready: 0, errors: 0.31 });
    ail(world, 'payments', { state: 'run', reason: 'Degraded', message: 'payments-2 fails its health check: GET /health answered 503', ready: 1, instance: 'unhealthy', errors: 0.024 });
    ail(world, 'search', { state: 'update', reason: 'Replacing', message: '1 of 2 instances replaced by 0.8.0', ready: 1, instance: 'starting', errors: 0 });
    return;
  }
  world.services.forEach((service, i) => {
    if (i % 41 === 7) ail(world, service.name, { state: 'failed', reason: 'CrashLoop', message: 'exit code 137', ready: 0, errors: 0.4 });
    else if (i % 29 === 3 && service.wanted > 1) ail(world, service.name, { state: 'run', reason: 'Degraded', message: 'one instance is unhealthy', ready: 1, instance: 'unhealthy', errors: 0.02 });
    else if (i % 23 === 5) ail(world, service.name, { state: 'update', reason: 'Replacing', message: 'being replaced', ready: 0, instance: 'starting', errors: 0 });
  });
}

let eventNumber = 0;
export function addEvent(world, about, reason, message, severity = 'info', at = Date.now()) {
  const event = { kind: 'event', name: `e-${++eventNumber}`, revision: ++world.revision, at: new Date(at).toISOString(), about, reason, message, severity };
  world.events.push(event);
  return event;
}

function seedEvents(world, now) {
  for (const service of world.services.slice(0, 20)) {
    addEvent(world, `service/${service.name}`, 'Starting', `starting ${service.wanted} instances of ${service.version}`, 'info', now - 3_700_000);
    addEvent(world, `service/${service.name}`, 'Serving', `${service.wanted} of ${service.wanted} instances are ready`, 'info', now - 3_600_000);
    if (service.reason !== 'Serving') {
      const severity = service.state === 'failed' ? 'error' : service.reason === 'Degraded' ? 'warning' : 'info';
      addEvent(world, `service/${service.name}`, service.reason, service.message, severity, now - 120_000);
    }
  }
  world.events.sort((a, b) => a.at.localeCompare(b.at));
}

function versions(now) {
  const spec = { version: '1.0.3', criticality: 'low', run: 'node reviews/server.js', instances: { min: 1, max: 1000 } };
  const make = (number, hours, by, message, changes) => ({
    kind: 'version', name: String(number), revision: 100 + number, number, at: new Date(now - hours * 3_600_000).toISOString(), by, message,
    title: 'shop', environment: 'dev', baseFolder: '/srv/shop', listen: 'http://127.0.0.1:8080', services: {}, routes: {}, changes,
  });
  return [
    make(1, 75, 'hao (cli)', 'first light', [
      { path: 'services.web', after: JSON.stringify({ version: '1.3.0', run: 'dotnet out/web/Web.dll' }) },
      { path: 'services.orders', after: JSON.stringify({ version: '2.1.0' }) },
      { path: 'routes.shop', after: JSON.stringify({ match: { path: '/{**rest}' }, to: 'web' }) },
    ]),
    make(2, 27, 'mei (cli)', 'add reviews, behind a fallback', [
      { path: 'services.reviews', after: JSON.stringify(spec) },
      { path: 'services.web.needs.reviews', after: JSON.stringify({ optional: true }) },
    ]),
    make(3, 5, 'hao (dashboard)', 'scale web to 3', [{ path: 'services.web.scale', after: '3' }]),
    make(4, 1, 'mei (cli)', 'web 1.4.0: new basket', [
      { path: 'services.web.version', before: '"1.3.0"', after: '"1.4.0"' },
      { path: 'services.web.health.interval', before: '"1s"', after: '"500ms"' },
      { path: 'services.legacy', before: JSON.stringify({ version: '0.9.0', run: './legacy' }) },
      { path: 'routes.shop.timeout', before: '"30s"', after: '"2s"' },
    ]),
  ];
}

export function statusOf(world) {
  const { architecture, services, gateway, hosts } = world;
  return { architecture, services, gateway, hosts };
}

/** The map with traffic that moves a little at every call. */
export function mapOf(world) {
  const nodes = [
    { id: 'gateway', kind: 'gateway', title: 'gateway', criticality: 'critical', state: world.gateway.state, reason: '', message: '', ready: 1, wanted: 1, hosts: ['local'], instances: [] },
    ...world.services.map(({ name, criticality, state, reason, message, ready, wanted, version, instances }) => ({
      id: name, kind: 'service', title: name, criticality, state, reason, message, ready, wanted, version,
      hosts: [...new Set(instances.map((one) => one.host))], instances: instances.map(({ id, state: s, host }) => ({ id, state: s, host })),
    })),
  ];
  const edges = world.flows.map((flow) => {
    const rate = world.architecture.running ? flow.base * (0.9 + 0.2 * world.chance()) : 0;
    return { from: flow.from, to: flow.to, requestsPerSecond: rate, errorRatio: flow.errors * (0.9 + 0.2 * world.chance()), p50Ms: flow.p50 * (0.95 + 0.1 * world.chance()), p99Ms: flow.p99 * (0.9 + 0.2 * world.chance()), declared: true };
  });
  return { revision: world.revision, at: new Date().toISOString(), nodes, edges, findings: world.find('reviews') ? [{ kind: 'criticalOnLesser', path: ['web', 'reviews'], message: 'web (critical) cannot do without reviews (low)', remedy: 'make it optional, give it a fallback, or raise reviews' }] : [] };
}

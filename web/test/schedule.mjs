// How the made-up services scale, and what their hosts have kept free for whom.

const decision = (minutesAgo, reason, message, from, to) => ({ at: new Date(Date.now() - minutesAgo * 60_000).toISOString(), reason, message, from, to });

/** `GET /api/v1/services/NAME/scaling` and `GET /api/v1/headroom`; undefined for what is neither. */
export function readSchedule(world, noun, name, verb) {
  if (noun === 'services' && verb === 'scaling') return scalingOf(world, name);
  if (noun === 'headroom') return roomsOf(world);
  return undefined;
}

function scalingOf(world, name) {
  const service = world.services.find((one) => one.name === name);
  if (!service) return undefined;
  const common = { service: name, min: 1, max: 6, wanted: service.wanted, ready: service.ready, figures: [], decisions: [] };
  if (name !== 'payments') return { ...common, automatic: false, reason: 'Steady', message: 'it is not asked to scale' };
  return {
    ...common,
    automatic: true,
    reason: 'HeldByCause',
    message: 'orders-db answers in 312 ms (36 ms is usual), and payments spends 98% of its time waiting for it',
    figures: [{ what: 'cpu', value: 0.82, target: 0.7, text: 'cpu 82% of 70%' }],
    decisions: [decision(3, 'HeldByCause', 'no more instances while orders-db is slow', 2, 2), decision(40, 'Out', 'cpu 91% of 70%', 1, 2)],
  };
}

function roomsOf(world) {
  const hosts = [...new Set(world.services.flatMap((service) => service.instances.map((instance) => instance.host)))].filter(Boolean);
  return (hosts.length > 0 ? hosts : ['local']).map((name, index) => ({
    host: { name, state: 'ready', use: index === 1 ? 'cordoned' : 'open', zone: `z${index + 1}`, capacity: { cpu: '4', memory: '8Gi' }, machine: { cpu: '4', memory: '8Gi' } },
    reserved: { cpu: '1.5', memory: '2Gi' },
    instances: world.services.flatMap((service) => service.instances.filter((instance) => instance.host === name).map((instance) => ({ name: instance.id, service: service.name, goal: 'run', state: instance.state, cpu: '0.5', memory: '256Mi' }))),
  }));
}

/** `GET /api/v1/registry`: the made-up services, and one that others run. */
export function registryOf(world) {
  const own = world.services.map(({ name, criticality, state, reason, message, wanted, ready, version, instances }) => ({
    name, by: 'process', criticality, state, reason, message, wanted, ready,
    versions: [{ version: version ?? '', instances: instances.length, ready }],
    instances: instances.map((one) => ({ name: one.id, address: one.endpoint ?? '', version: one.version ?? '', state: one.state, inTable: one.state === 'ready', message: one.message ?? '', host: one.host })),
  }));
  const common = { version: '3.2.0', since: new Date(Date.now() - 60_000).toISOString() };
  const instances = [
    { ...common, name: 'bank.bank.example.com:443', address: '192.0.2.7:443', state: 'ready', inTable: true, message: '', source: 'declared' },
    { ...common, name: 'bank.eu-1', address: '192.0.2.9:443', state: 'unhealthy', inTable: false, message: 'GET /health: no answer within 1s', source: 'registered', id: 'eu-1', ttl: '15s', registeredBy: 'bank-host (client)', labels: { zone: 'eu' } },
  ];
  return [...own, { name: 'bank', by: 'external', criticality: 'high', state: 'run', reason: 'Degraded', message: '1 of 2 answer; eu-1: GET /health: no answer within 1s', wanted: 2, ready: 1, versions: [{ version: '3.2.0', instances: 2, ready: 1 }], instances }];
}

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

// Hosts, instances and middleware of the made-up world: what GET /api/v1/runtime tells.
const wave = (phase, low, high) => Array.from({ length: 60 }, (_, step) => Math.round((low + (high - low) * (0.5 + 0.5 * Math.sin(step / 6 + phase))) * 1000) / 1000);

export function runtimeOf(world) {
  const services = [...(world.services?.values?.() ?? world.services ?? [])];
  const instances = services.flatMap((service) => (service.instances ?? []).map((instance, index) => ({ service: service.name, version: service.version ?? '', instance, index })));
  return {
    at: new Date().toISOString(),
    hosts: [
      {
        name: 'local', processors: 8, cpu: 0.37, steal: 0.02, ioWait: 0.01, load: 3.21, memoryTotal: 33e9, memoryAvailable: 4e9, cpuPressure: 0.12, memoryPressure: 0, ioPressure: 0.03, openFiles: 4211,
        disks: [{ device: 'vda', readBytes: 12000, writeBytes: 812000, busy: 0.08 }],
        fileSystems: [{ folder: '/', device: '/dev/vda', used: 41e9, free: 12e9 }],
        networks: [{ interface: 'eth0', received: 8.1e6, sent: 2.2e6, errors: 0 }],
        trends: { cpu: wave(0, 0.2, 0.6), memory: wave(1, 0.84, 0.9), disk: wave(2, 0, 0.2), pressure: [...Array(20).fill(null), ...wave(3, 0, 0.3).slice(20)] },
      },
    ],
    instances: instances.map(({ service, version, instance, index }) => ({
      name: instance.id, service, version, host: 'local', cpu: 0.11 * (index + 1), memory: 9e7 + index * 1e7, threads: 23, files: 64, uptime: 4000, restarts: instance.restarts ?? 0,
      ...(index === 0 && { dotNet: { heap: 3.1e7, allocated: 4e6, collections: 1.4, paused: 0.012, poolThreads: 6, poolQueue: 2, contentions: 0.1, exceptions: 0 } }),
    })),
    middleware: [
      { name: 'cache', kind: 'redis', target: 'cache', up: true, why: '', figures: [{ name: 'commands', unit: '/s', value: 812 }, { name: 'memory', unit: 'By', value: 5.1e7 }, { name: 'hitRatio', unit: 'share', value: 0.93 }, { name: 'memoryShare', unit: 'share' }] },
      { name: 'orders-db', kind: 'postgres', target: 'orders-db', up: false, why: 'Connection refused (127.0.0.1:5432)', figures: [] },
    ],
  };
}

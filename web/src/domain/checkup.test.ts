import { expect, it } from 'vitest';
import type { ServiceStatus } from '../api/shapes';
import type { HostFigures, InstanceFigures } from '../api/runtimeShapes';
import { checkup, leftOf } from './checkup';

const host = (name: string, cpu: number): HostFigures => ({ name, cpu, disks: [], fileSystems: [{ folder: '/', device: 'd', used: 3, free: 7 }], networks: [], trends: { cpu: [], memory: [], disk: [], pressure: [] } });
const service = (name: string): ServiceStatus => ({ name, criticality: 'medium', state: 'run', reason: 'Serving', message: '', wanted: 2, ready: 2, instances: [] });
const instance = (name: string, of: string, on: string, cpu: number): InstanceFigures => ({ name, service: of, version: '1', host: on, cpu, memory: 100 });

it('says what is left of the scarcest', () => {
  expect(leftOf(host('a', 0.2))).toBeCloseTo(0.7);
  expect(leftOf(host('a', 0.9))).toBeCloseTo(0.1);
  expect(leftOf(undefined)).toBeUndefined();
});

it('adds instances up and puts the service with least left first', () => {
  const found = checkup([service('web'), service('orders'), service('idle')], [instance('w1', 'web', 'a', 0.5), instance('w2', 'web', 'b', 0.25), instance('o1', 'orders', 'a', 1)], [host('a', 0.2), host('b', 0.95)], [
    { from: 'gateway', to: 'web', requestsPerSecond: 10, errorRatio: 0.1, p50Ms: 1, p99Ms: 9, declared: true },
  ]);
  expect(found.map(({ name, cpu, memory, left }) => [name, cpu, memory, left?.toFixed(2)])).toEqual([['web', 0.75, 200, '0.05'], ['orders', 1, 100, '0.70'], ['idle', undefined, undefined, undefined]]);
  expect(found[0]!.flow.errorRatio).toBe(0.1);
});

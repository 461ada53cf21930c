import { describe, expect, it } from 'vitest';
import type { MapEdge, ServiceStatus } from '../api/shapes';
import type { TrafficAnswer } from '../api/trafficShapes';
import { troubles } from './emergency';

const service = (name: string, state = 'run', reason = 'Serving', ready = 1, criticality: ServiceStatus['criticality'] = 'medium'): ServiceStatus => ({ name, state, reason, message: '', criticality, wanted: 1, ready, instances: [], since: '2026-11-21T10:00:00Z' });
const edge = (from: string, to: string, errorRatio = 0): MapEdge => ({ from, to, requestsPerSecond: 10, errorRatio, p50Ms: 1, p99Ms: 2, declared: true });
const edges = [edge('gateway', 'web', 0.3), edge('web', 'orders', 0.4), edge('orders', 'ledger', 0.5), edge('web', 'reviews')];
const base = { hosts: [], traffic: undefined };

describe('emergency', () => {
  it('is quiet where nothing is wrong', () => expect(troubles({ ...base, services: [service('web'), service('orders')], edges: [edge('gateway', 'web', 0.01)] })).toEqual([]));

  it('tells one trouble with its symptoms, not one per symptom', () => {
    const found = troubles({ ...base, edges, services: [service('web', 'run', 'Serving', 1, 'critical'), service('orders'), service('ledger', 'failed', 'CrashLoop', 0), service('reviews')] });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ name: 'ledger', tone: 'bad', critical: true, since: '2026-11-21T10:00:00Z', symptoms: ['orders', 'web'] });
    expect(found[0]!.signs.map(({ kind, ratio }) => [kind, ratio])).toEqual([['service', undefined], ['errors', 0.5]]);
    expect(found[0]!.hurt.map(({ id }) => id)).toEqual(['orders', 'web', 'gateway']);
  });

  it('keeps all of a cycle, and puts what hurts most first', () => {
    const found = troubles({ ...base, edges: [edge('a', 'b', 0.5), edge('b', 'a', 0.5), edge('gateway', 'reviews')], services: [service('a'), service('b'), service('reviews', 'run', 'Degraded', 1)] });
    expect(found.map(({ name, tone }) => [name, tone])).toEqual([['a', 'bad'], ['b', 'bad'], ['reviews', 'warn']]);
  });

  it('counts open breakers, limits and lost hosts in', () => {
    const traffic = { ways: [{ about: 'route/r', to: 'web', policies: [{ policy: 'breaker', state: 'open', why: '62% failed' }, { policy: 'limit-1', state: 'passing', why: '' }] }] } as unknown as TrafficAnswer;
    const found = troubles({ services: [service('web')], edges: [], hosts: [{ name: 'h1', state: 'lost' }, { name: 'h2', state: 'ready' }], traffic });
    expect(found.map(({ name, kind }) => [name, kind])).toEqual([['h1', 'host'], ['web', 'service']]);
    expect(found[1]!.signs).toMatchObject([{ kind: 'policy', about: 'route/r', message: '62% failed' }]);
  });
});

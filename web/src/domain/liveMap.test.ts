import { describe, expect, it, vi } from 'vitest';
import type { MapAnswer, MapEdge, MapNode } from '../api/shapes';
import { LiveMap } from './liveMap';

const node = (id: string, more: Partial<MapNode> = {}): MapNode => ({
  id, kind: 'service', title: id, criticality: 'medium', state: 'run', reason: 'Serving', message: '', ready: 1, wanted: 1, hosts: ['local'],
  instances: [{ id: `${id}-1`, state: 'ready', host: 'local' }], ...more,
});
const edge = (from: string, to: string, requestsPerSecond = 1): MapEdge => ({ from, to, requestsPerSecond, errorRatio: 0, p50Ms: 1, p99Ms: 2, declared: true });
const answer = (nodes: MapNode[], edges: MapEdge[]): MapAnswer => ({ revision: 1, at: '2026-11-21T12:00:00Z', nodes, edges });

describe('LiveMap', () => {
  it('wakes only the listeners of what changed', () => {
    const map = new LiveMap();
    const many = Array.from({ length: 200 }, (_, i) => `s${i}`);
    map.apply(answer(many.map((id) => node(id)), []));
    const woken = vi.fn();
    for (const id of many) map.nodes.subscribe(id, () => woken(id));
    map.apply(answer(many.map((id) => node(id, id === 's7' ? { ready: 0 } : {})), []));
    expect(woken.mock.calls).toEqual([['s7']]);
  });

  it('keeps the identity of what is equal', () => {
    const map = new LiveMap();
    map.apply(answer([node('a')], []));
    const before = map.nodes.get('a');
    map.apply(answer([node('a')], []));
    expect(map.nodes.get('a')).toBe(before);
  });

  it('shows one of three answers while it is moved, and the last one at rest', () => {
    const map = new LiveMap();
    const shown = () => map.edges.get('a→b')?.requestsPerSecond;
    const come = (rate: number) => map.apply(answer([node('a'), node('b')], [edge('a', 'b', rate)]));
    map.moving = true;
    come(1);
    expect(shown(), 'the first is needed').toBe(1);
    for (const rate of [2, 3]) come(rate);
    expect(shown()).toBe(1);
    come(4);
    expect(shown()).toBe(4);
    come(5);
    map.moving = false;
    expect(shown()).toBe(5);
    come(6);
    expect(shown()).toBe(6);
  });

  it('asks for a new layout only when a node or an edge comes or goes', () => {
    const map = new LiveMap();
    const changed = vi.fn();
    map.topology.subscribe(changed);
    map.apply(answer([node('a'), node('b')], [edge('a', 'b')]));
    map.apply(answer([node('b', { state: 'failed' }), node('a')], [edge('a', 'b', 500)]));
    expect(changed).toHaveBeenCalledTimes(1);
    map.apply(answer([node('a'), node('b'), node('c')], [edge('a', 'b')]));
    map.apply(answer([node('a'), node('b'), node('c')], [edge('a', 'b'), edge('b', 'c')]));
    expect(changed).toHaveBeenCalledTimes(3);
  });

  it('takes what comes in the same order without a new arrangement, and what changes the order with one', () => {
    const map = new LiveMap();
    const three = [node('a'), node('b'), node('c')];
    map.apply(answer(three, [edge('a', 'b', 3), edge('b', 'c', 4)]));
    const woken = vi.fn();
    for (const key of ['a→b', 'b→c']) map.edges.subscribe(key, () => woken(key));
    map.apply(answer([...three], [edge('a', 'b', 3), edge('b', 'c', 5)]));
    expect(woken.mock.calls).toEqual([['b→c']]);
    expect([map.flowOf('c')!.requestsPerSecond, map.mostHeat]).toEqual([5, 5]);
    map.apply(answer([...three], [edge('b', 'c', 6), edge('a', 'b', 3)]));
    expect(map.flowOf('c')!.requestsPerSecond).toBe(6);
    map.apply(answer([...three], [edge('b', 'c', 7), edge('a', 'c', 1)]));
    expect([map.flowOf('c')!.requestsPerSecond, map.flowOf('b')!.requestsPerSecond]).toEqual([8, 7]);
  });

  it('draws no edge to a node that is not there', () => {
    const map = new LiveMap();
    map.apply(answer([node('a')], [edge('a', 'ghost')]));
    expect(map.topology.get()!.graph.links).toEqual([]);
    expect([...map.edges.all()]).toEqual([]);
  });

  it('tells what arrives at a node, and what leaves one that nobody calls', () => {
    const map = new LiveMap();
    map.apply(answer([node('a'), node('b'), node('c'), node('alone')], [edge('a', 'b', 3), edge('a', 'c', 4), edge('b', 'c', 5)]));
    expect(map.flowOf('a')!.requestsPerSecond).toBe(7);
    expect(map.flowOf('c')!.requestsPerSecond).toBe(9);
    expect(map.flowOf('alone')).toBeUndefined();
  });

  it('counts services by tone and leaves the gateway out', () => {
    const map = new LiveMap();
    map.apply(answer([node('gateway', { kind: 'gateway', state: 'ready' }), node('a'), node('b', { state: 'failed', ready: 0 }), node('c', { state: 'update' })], []));
    expect(map.counts.get()).toEqual({ ok: 1, bad: 1, busy: 1, warn: 0, idle: 0 });
  });
});

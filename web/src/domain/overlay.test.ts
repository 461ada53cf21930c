import { describe, expect, it } from 'vitest';
import type { MapNode } from '../api/shapes';
import { shadeOf, type Overlay, type Seen } from './overlay';

const node = { id: 'a', kind: 'service', criticality: 'high' } as MapNode;
const flow = { requestsPerSecond: 10, errorRatio: 0.06, p50Ms: 20, p99Ms: 90 };
const seen: Seen = { node, flow, mostHeat: 400, changedAt: 0, now: 20 * 60_000 };
const shade = (overlay: Overlay, part: Partial<Seen> = {}) => shadeOf(overlay, { ...seen, ...part }, (count, unit) => `${count}${unit}`);

describe('overlay', () => {
  it('shades by the time that requests spend there, beside the hottest', () => expect(shade('heat')).toEqual({ level: 2, words: '200 ms/s' }));

  it.each([[0, 0], [0.001, 1], [0.02, 2], [0.06, 3], [0.5, 4]])('errors of %f are level %i', (errorRatio, level) => expect(shade('errors', { flow: { ...flow, errorRatio } }).level).toBe(level));

  it.each([[1, 4, '1m'], [20, 3, '20m'], [100, 2, '1h'], [600, 1, '10h'], [2000, 0, '']])('a change %i minutes ago is level %i', (minutes, level, words) => expect(shade('change', { now: minutes * 60_000 })).toEqual({ level, words }));

  it('shades by criticality, and nothing that is not known', () => {
    expect(shade('criticality').level).toBe(3);
    expect(shade('criticality', { node: { ...node, kind: 'gateway' } }).level).toBe(0);
    expect(shade('heat', { flow: undefined })).toEqual({ level: 0, words: '' });
    expect(shade('change', { changedAt: undefined }).level).toBe(0);
  });
});

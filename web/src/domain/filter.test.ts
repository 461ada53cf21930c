import { describe, expect, it } from 'vitest';
import type { MapNode } from '../api/shapes';
import { noFilter, passes, ranked, toggled } from './filter';

describe('filter', () => {
  const node = (id: string, more: Partial<MapNode> = {}): MapNode => ({
    id, kind: 'service', title: id, criticality: 'medium', state: 'run', reason: 'Serving', message: '', ready: 1, wanted: 1, hosts: ['a'],
    instances: [{ id: `${id}-1`, state: 'ready', host: 'a' }], ...more,
  });

  it('needs every word, and every kind of filter', () => {
    const web = node('web-shop', { version: '1.4.0', criticality: 'critical' });
    expect(passes({ ...noFilter, text: 'shop 1.4' }, web)).toBe(true);
    expect(passes({ ...noFilter, text: 'shop 1.5' }, web)).toBe(false);
    expect(passes({ ...noFilter, text: 'WEB', criticalities: ['low'] }, web)).toBe(false);
    expect(passes({ ...noFilter, tones: ['ok', 'bad'], host: 'a' }, web)).toBe(true);
    expect(passes({ ...noFilter, host: 'b' }, web)).toBe(false);
  });

  it('ranks beginnings before middles', () => {
    expect(ranked({ ...noFilter, text: 'web' }, [node('a-web'), node('web-b'), node('x', { title: 'web' }), node('web-a')]).map(({ id }) => id)).toEqual(['web-a', 'web-b', 'a-web', 'x']);
  });

  it('toggles', () => expect(toggled(toggled(['a'], 'b'), 'a')).toEqual(['b']));
});

import { describe, expect, it } from 'vitest';
import type { TraceSummary } from '../api/observeShapes';
import { queryOf, scatter, searchOf, traceIdOf } from './observe';

describe('observe', () => {
  it('reads back what it asks', () => {
    const search = { service: 'web', attribute: 'db.query.text=SELECT 1', error: 'true' as const };
    expect(searchOf(new URLSearchParams(queryOf(search)))).toEqual(search);
    expect(queryOf({ service: '', limit: '50' })).toBe('limit=50');
    expect(searchOf(new URLSearchParams('x=1'))).toEqual({});
  });

  it.each([[' 4BF92F3577B34DA6A3CE929D0E0E4736 ', '4bf92f3577b34da6a3ce929d0e0e4736'], ['orders', undefined], ['4bf9', undefined]])('%j is the trace %s', (typed, id) => expect(traceIdOf(typed)).toBe(id));

  it('lays traces out by time and duration', () => {
    const at = (second: number, durationMs: number) => ({ at: new Date(second * 1000).toISOString(), durationMs }) as TraceSummary;
    expect(scatter([at(0, 1), at(5, 10), at(10, 100)]).map(({ x, y }) => [x, y])).toEqual([[0, 0], [0.5, 0.5], [1, 1]]);
    expect(scatter([at(3, 7)])[0]).toMatchObject({ x: 0.5, y: 0.5 });
  });
});

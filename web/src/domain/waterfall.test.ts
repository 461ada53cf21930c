import { describe, expect, it } from 'vitest';
import type { TraceSpan } from '../api/observeShapes';
import { bySelf, countBelow, hasChildren, hues, inSight, parentOf, press, shareOf, span, ticks, visible } from './waterfall';

const one = (id: string, depth: number, service = 'web', selfMs = 1, critical = false): TraceSpan => ({
  id, depth, service, instance: '', name: id, kind: 'internal', error: id === 'd', message: '', startMs: 0, durationMs: 1, selfMs, critical, attributes: [], events: [],
});
const spans = [one('a', 0, 'web', 4, true), one('b', 1, 'orders', 3, true), one('c', 2, 'orders', 3), one('d', 1, 'web', 1), one('e', 0, 'mail', 9)];
const none: ReadonlySet<string> = new Set();

describe('waterfall', () => {
  it('hides what is below a folded span, and only that', () => {
    expect(visible(spans, none)).toEqual([0, 1, 2, 3, 4]);
    expect(visible(spans, new Set(['b']))).toEqual([0, 1, 3, 4]);
    expect(visible(spans, new Set(['a', 'b']))).toEqual([0, 4]);
  });

  it('knows who is below and above whom', () => {
    expect(spans.map((_, index) => hasChildren(spans, index))).toEqual([true, true, false, false, false]);
    expect(countBelow(spans, 0)).toBe(3);
    expect([parentOf(spans, 0), parentOf(spans, 2), parentOf(spans, 3)]).toEqual([-1, 1, 0]);
  });

  it('moves, folds and unfolds by keys, and stays at the ends', () => {
    expect(press('ArrowUp', spans, { at: 0, folded: none })?.at).toBe(0);
    expect(press('End', spans, { at: 0, folded: none })?.at).toBe(4);
    expect(press('ArrowLeft', spans, { at: 2, folded: none })?.at).toBe(1);
    const folded = press('ArrowLeft', spans, { at: 1, folded: none })!;
    expect([...folded.folded]).toEqual(['b']);
    expect(press('ArrowDown', spans, folded)?.at).toBe(3);
    expect([...press('ArrowRight', spans, folded)!.folded]).toEqual([]);
    expect(press('ArrowRight', spans, { at: 4, folded: none })).toBeUndefined();
    expect(press('x', spans, { at: 0, folded: none })).toBeUndefined();
  });

  it('draws only what is in sight, and some rows more', () => {
    expect(inSight(0, 500, 25, 1000, 5)).toEqual({ from: 0, to: 25 });
    expect(inSight(10_000, 500, 25, 1000, 5)).toEqual({ from: 395, to: 425 });
    expect(inSight(24_900, 500, 25, 1000, 5).to).toBe(1000);
  });

  it('has round ticks', () => {
    expect(ticks(0, 100, 5)).toEqual([0, 20, 40, 60, 80, 100]);
    expect(ticks(3, 4.2, 4)).toEqual([3, 3.5, 4]);
    expect(ticks(5, 5, 4)).toEqual([5]);
    expect([shareOf(5, 0, 10), shareOf(-1, 0, 10), shareOf(11, 0, 10)]).toEqual([0.5, 0, 1]);
  });

  it.each([[0, '0'], [0.0421, '0.042 ms'], [12.345, '12.3 ms'], [999.4, '999 ms'], [1500, '1.5 s']])('%f ms is %s', (ms, words) => expect(span(ms)).toBe(words));

  it('tells where the time went', () => {
    expect(bySelf(spans).map(({ service, selfMs, criticalMs, errors }) => [service, selfMs, criticalMs, errors])).toEqual([['mail', 9, 0, 0], ['orders', 6, 3, 0], ['web', 5, 4, 1]]);
    expect([...hues(spans)]).toEqual([['web', 0], ['orders', 1], ['mail', 2]]);
  });
});

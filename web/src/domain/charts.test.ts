import { expect, it } from 'vitest';
import { busyShare, linePath, linesBy, nearest, roundAbove, roundSpan, type Series } from './charts';

const series = (labels: Record<string, string>, ...points: [number, number][]): Series => ({ name: 'n', labels, points });

it('adds series of one instance up, time by time', () => {
  const lines = linesBy([series({ i: 'a', mode: 'user' }, [1, 1], [2, 2]), series({ i: 'a', mode: 'system' }, [2, 3]), series({ i: 'b' }, [1, 9])], 'i');
  expect(lines).toEqual([{ name: 'b', points: [{ at: 1, value: 9 }] }, { name: 'a', points: [{ at: 1, value: 1 }, { at: 2, value: 5 }] }]);
});

it('takes what is not idle for busy', () => {
  const lines = busyShare([series({ 'host.name': 'h', 'cpu.mode': 'idle' }, [1, 3]), series({ 'host.name': 'h', 'cpu.mode': 'user' }, [1, 1])]);
  expect(lines).toEqual([{ name: 'h', points: [{ at: 1, value: 0.25 }] }]);
});

it.each([[0, 1], [0.3, 0.5], [1, 1], [7, 10], [42, 50], [180, 200]])('%f fits below %f', (value, above) => expect(roundAbove(value)).toBeCloseTo(above));

it('breaks the line at gaps, and finds the nearest value', () => {
  const line = { name: '', points: [{ at: 0, value: 0 }, { at: 10, value: 1 }, { at: 90, value: 2 }] };
  expect(linePath(line, { from: 0, to: 100, most: 2, width: 100, height: 10, gapMs: 20 })).toBe('M0.0 10.0L10.0 5.0M90.0 0.0');
  expect([nearest(line, 12, 5), nearest(line, 50, 5)]).toEqual([1, undefined]);
});

it('spans round times', () => expect(roundSpan(123_456, 60_000, 10_000)).toEqual({ from: 60_000, to: 120_000, stepMs: 10_000 }));

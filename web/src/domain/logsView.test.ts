import { expect, it } from 'vitest';
import type { LogRecord } from '../api/observeShapes';
import { logQueryOf, logSearchOf, pieces, volume } from './logsView';

it('reads back what it asks', () => {
  expect(logSearchOf(new URLSearchParams(logQueryOf({ service: 'web', text: 'lock & key', severity: '17' })))).toEqual({ service: 'web', text: 'lock & key', severity: '17' });
  expect(logQueryOf({ severity: '0', text: '' })).toBe('');
});

it.each([['Lock and lock', 'LOCK', ['', 'Lock', ' and ', 'lock', '']], ['abc', '', ['abc']], ['abc', 'x', ['abc']]])('cuts %j at %j', (text, wanted, expected) => expect(pieces(text, wanted)).toEqual(expected));

it('counts records by time', () => {
  const at = (second: number, severity: number) => ({ at: new Date(second * 1000).toISOString(), severity }) as LogRecord;
  expect(volume([at(0, 9), at(1, 17), at(9, 9), at(10, 21)], 2).map(({ all, bad }) => [all, bad])).toEqual([[2, 1], [2, 1]]);
  expect(volume([at(5, 9)], 3).map(({ all }) => all)).toEqual([1, 0, 0]);
  expect(volume([], 3)).toEqual([]);
});

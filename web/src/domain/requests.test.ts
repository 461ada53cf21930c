import { expect, test } from 'vitest';
import { inOrder, toneOf, wishesFor, type RequestView } from './requests';

const one = (state: string, accepted: boolean, at = '2026-01-01T00:00:00Z'): RequestView => ({ id: `${state}-${at}`, route: 'r', state, accepted, attempts: 1, at });

test('what can be done depends on how a request stands', () => {
  expect(wishesFor(one('waiting', true))).toEqual(['cancel']);
  expect(wishesFor(one('running', true))).toEqual([]);
  expect(wishesFor(one('unknown', true))).toEqual(['retry', 'forget']);
  expect(wishesFor(one('unknown', false))).toEqual(['forget']);
  expect(wishesFor(one('answered', true))).toEqual(['forget']);
  expect(wishesFor({ ...one('answered', true), callback: { url: 'https://a.test/', state: 'givenUp', tries: 3 } })).toEqual(['tell', 'forget']);
});

test('what needs somebody comes first, then the newest', () => {
  const sorted = inOrder([one('answered', true, '2026-01-03'), one('unknown', true, '2026-01-01'), one('waiting', true, '2026-01-02')]);
  expect(sorted.map((each) => each.state)).toEqual(['unknown', 'answered', 'waiting']);
  expect(toneOf('unknown')).toBe('bad');
  expect(toneOf('waiting')).toBe('idle');
});

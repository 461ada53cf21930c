import { expect, it } from 'vitest';
import type { TrafficAnswer } from '../api/trafficShapes';
import { bansOf, withNever } from './bans';

const traffic = (door: object[], interventions: object[] = []) => ({ door, interventions }) as unknown as TrafficAnswer;

it('reads who is banned, for how long and why, and joins what was done by hand', () => {
  const why = '198.51.100.7 for another 4m: 41 paths that are not there; 2001:db8:0:1::/64 for another 1h30m: 20 failed authentications; and 2 more';
  const { bans, more, watched } = bansOf(traffic([{ gateway: 'g-1', kind: 'bans', state: 'banning', why, numbers: { banned: 4 } }], [{ name: 'i1', ban: '10.0.0.0/8', about: 'route/login', reason: 'spraying' }, { name: 'i2', breaker: 'open' }]));
  expect(watched).toBe(true);
  expect(more).toBe(2);
  expect(bans.map(({ who, left, why: because, where }) => [who, left, because, where])).toEqual([
    ['10.0.0.0/8', '', 'spraying', 'route/login'],
    ['198.51.100.7', '4m', '41 paths that are not there', 'g-1'],
    ['2001:db8:0:1::/64', '1h30m', '20 failed authentications', 'g-1'],
  ]);
});

it('tells a front door that watches nobody from one where nobody is banned', () => {
  expect(bansOf(traffic([])).watched).toBe(false);
  expect(bansOf(traffic([{ gateway: 'g', kind: 'bans', state: 'counting', why: '', numbers: { banned: 0 } }]))).toMatchObject({ watched: true, dryRun: true, bans: [], more: 0 });
});

it('adds to never once', () => expect(withNever(withNever(['a'], 'b'), 'b')).toEqual(['a', 'b']));

import { expect, it } from 'vitest';
import { linesOf, nameOf, short } from './query';

const series = (labels: Record<string, string>, ...points: [number, number | null][]) => ({ name: 'up', labels, points });

it('names series by what they differ in', () => {
  const all = [series({ job: 'web', zone: 'a' }), series({ job: 'orders', zone: 'a' })];
  expect(all.map((one) => nameOf(one, all))).toEqual(['job=web', 'job=orders']);
  expect(nameOf(all[0]!, [all[0]!])).toBe('up');
});

it('puts the greatest last, and leaves out what is no number', () =>
  expect(linesOf([series({ a: '1' }, [1, 5]), series({ a: '2' }, [1, 9], [2, null])]).map(({ name, points }) => [name, points.length])).toEqual([['a=2', 1], ['a=1', 1]]));

it.each([[0.123456, '0.1235'], [1234, '1234'], [56_700, '56.7k'], [8.2e6, '8.2M'], [-3e9, '-3G'], [0, '0']])('%f is %s', (value, words) => expect(short(value)).toBe(words));

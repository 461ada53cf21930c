import { expect, test } from 'vitest';
import { byNeed, exactShare, hoursOf, indicatorTone, lastsHours, wordsOf, type Indicator } from './objectives';

const indicator = (part: Partial<Indicator>): Indicator => ({ of: 'availability', target: 0.999, requests: 1000, bad: 0, actual: 1, budgetLeft: 1, burns: [], ...part });
const burn = (part: object) => ({ long: '1h', short: '5m', factor: 14.4, longBurn: 0, shortBurn: 0, firing: false, ...part });

test('what is spent or spent too fast is bad, little left or a fast hour a warning, nothing counted says nothing', () => {
  expect(indicatorTone(indicator({}))).toBe('ok');
  expect(indicatorTone(indicator({ budgetLeft: 0 }))).toBe('bad');
  expect(indicatorTone(indicator({ burns: [burn({ firing: true })] }))).toBe('bad');
  expect(indicatorTone(indicator({ budgetLeft: 0.2 }))).toBe('warn');
  expect(indicatorTone(indicator({ burns: [burn({ longBurn: 20 })] }))).toBe('warn');
  const { actual: _, ...none } = indicator({ budgetLeft: 1 });
  expect(indicatorTone(none)).toBe('idle');
});

test('those in need come first', () => {
  const of = (name: string, budgetLeft: number) => ({ name, route: name, window: '30d', incidents: 0, indicators: [indicator({ budgetLeft })] });
  expect(byNeed([of('b', 1), of('c', -1), of('a', 1), of('d', 0.1)]).map((one) => one.name)).toEqual(['c', 'd', 'a', 'b']);
});

test('shares are told from 100%', () => {
  expect(exactShare(1)).toBe('100%');
  expect(exactShare(0.9995)).toBe('99.95%');
  expect(exactShare(0.999993)).toBe('99.9993%');
  expect(exactShare(0.5)).toBe('50%');
  expect(exactShare(0.999)).toBe('99.9%');
});

test('a budget lasts as long as it is spent slower than it may', () => {
  expect(lastsHours(indicator({ budgetLeft: 0.5, burns: [burn({ longBurn: 10 })] }), 720)).toBe(36);
  expect(lastsHours(indicator({ burns: [burn({ longBurn: 1 })] }), 720)).toBeUndefined();
  expect(hoursOf('30d')).toBe(720);
  expect(hoursOf('1h30m')).toBe(1.5);
  expect(hoursOf('soon')).toBe(0);
});

test('spans are said in two units', () => {
  const unit = { d: (n: number) => `${n}d`, h: (n: number) => `${n}h`, m: (n: number) => `${n}m`, s: (n: number) => `${n}s` };
  expect(wordsOf(0, unit)).toBe('0s');
  expect(wordsOf(125, unit)).toBe('2m 5s');
  expect(wordsOf(90_061, unit)).toBe('1d 1h');
  expect(wordsOf(86_400, unit)).toBe('1d');
});

import { expect, test } from 'vitest';
import { after, marksOf, stepOf } from './travel';

test('steps are never finer than what is kept', () => {
  expect(stepOf(900_000)).toBe(10_000);
  expect(stepOf(86_400_000)).toBe(480_000);
});

test('a change is looked at from the step behind it, never from the future', () => {
  expect(after(12_001, 10_000, 90_000)).toBe(20_000);
  expect(after(89_999, 10_000, 89_999)).toBe(89_999);
});

test('changes of one step are one mark, those outside none', () => {
  const at = (seconds: number, text: string) => ({ at: new Date(seconds * 1000).toISOString(), text });
  const marks = marksOf([at(50, 'b'), at(55, 'c'), at(20, 'a'), at(5, 'before'), at(999, 'later')], 10_000, 110_000, 10_000);
  expect(marks.map(({ place, words }) => [place, words])).toEqual([[0.1, ['a']], [0.4, ['b', 'c']]]);
});

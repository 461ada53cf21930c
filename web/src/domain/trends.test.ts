import { expect, it } from 'vitest';
import type { TrafficAnswer } from '../api/trafficShapes';
import { stretches, Trends } from './trends';

const answer = (state: string, limit: number) => ({ ways: [{ about: 'route/a', policies: [{ gateway: 'g', policy: 'limit-1', kind: 'adaptive', state, why: '', numbers: { limit, inFlight: 2 } }] }] }) as unknown as TrafficAnswer;

it('remembers the last five minutes of each policy', () => {
  const trends = new Trends();
  for (let i = 0; i < 310; i++) trends.push(answer(i < 305 ? 'passing' : 'limiting', i));
  const trend = trends.of('route/a g limit-1')!;
  expect(trend.limits).toHaveLength(300);
  expect(trend.limits.at(-1)).toBe(309);
  expect(stretches(trend.tones)).toEqual([{ tone: 'ok', from: 0, length: 295 }, { tone: 'warn', from: 295, length: 5 }]);
});

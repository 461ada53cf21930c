import { describe, expect, it } from 'vitest';
import type { TrafficAnswer, TrafficPolicy } from '../api/trafficShapes';
import { actOf, bars, figure, grouped, noticesOf, policyTone, rangeOf, subjects } from './policies';

const policy = (gateway: string, name: string, state: string): TrafficPolicy => ({ gateway, policy: name, kind: 'breaker', state, why: '', numbers: {} });

describe('policies', () => {
  it('shows the state that hurts most of several gateways', () => {
    const [breaker, limit] = grouped([policy('a', 'breaker', 'closed'), policy('b', 'breaker', 'open'), policy('a', 'limit-1', 'admitting')]);
    expect(breaker).toMatchObject({ policy: 'breaker', state: 'open' });
    expect(breaker!.byGateway).toHaveLength(2);
    expect(limit!.state).toBe('admitting');
  });

  it('gives every state a tone, unknown ones too', () => {
    expect([policyTone('open'), policyTone('limiting'), policyTone('closed'), policyTone('idle'), policyTone('new')]).toEqual(['bad', 'warn', 'ok', 'idle', 'ok']);
  });

  it('draws nothing for nothing and something for little', () => {
    expect(bars([0, 1, 100])).toEqual([0, 0.08, 1]);
    expect(bars([])).toEqual([]);
    expect([rangeOf(0), rangeOf(9), rangeOf(12)]).toEqual(['≤ 1 ms', '≤ 1 s', '> 5 s']);
  });

  it('writes figures with the unit that their name tells', () => {
    expect([figure('p99Ms', 3.14), figure('p99Ms', 31.4), figure('errorRatio', 0.5), figure('limit', 20), figure('gradient', 0.123)]).toEqual(['3.1 ms', '31 ms', '50.0%', '20', '0.12']);
  });

  it('tells what an intervention does', () => {
    expect(actOf({ about: 'a', reason: 'r', for: '1m', fault: { delay: '2s', percent: '10%', abort: 503 } })).toBe('fault 10%: delay 2s, abort 503');
    expect(actOf({ about: 'a', reason: 'r', for: '1m', breaker: 'open' })).toBe('breaker open');
    expect(actOf({ about: 'a', reason: 'r', for: '1m', admit: 0 })).toBe('admit ≥ 0');
  });

  it('finds what happened to a way and what can be intervened in', () => {
    const way = (about: string, to: string) => ({ about, match: '', to, requestsPerSecond: 0, errorRatio: 0, p50Ms: 0, p99Ms: 0, latency: [], policies: [] });
    const notice = (about: string) => ({ at: '', gateway: '', about, reason: 'x', message: '', isWarning: false });
    const traffic: TrafficAnswer = { at: '', revision: 1, ways: [way('route/a', 'web'), way('need/web.db', 'db'), way('route/old', '308 https://x')], interventions: [], notices: [notice('route/a'), notice('need/web.db')] };
    expect(noticesOf(traffic, 'route/a')).toHaveLength(1);
    expect(subjects(traffic)).toEqual(['route/a', 'need/web.db', 'route/old', 'service/db', 'service/web']);
  });
});

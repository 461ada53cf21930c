import { describe, expect, it } from 'vitest';
import { anyBelow, placed, rebased, subjectOf, valueAt, withAt } from './policyForm';

describe('policy form', () => {
  it.each([
    ['route/orders-api', 'routes', 'orders-api', ['spec']],
    ['need/web.orders', 'services', 'web', ['spec', 'needs', 'orders']],
    ['service/web', 'services', 'web', ['spec', 'traffic']],
    ['gateway/gateway', 'gateways', 'gateway', []],
  ])('%s lies in %s/%s', (about, plural, name, path) => expect(subjectOf(about)).toMatchObject({ plural, name, path }));

  it.each(['criticality/low', 'need/web', 'route/', ''])('%j has no policies', (about) => expect(subjectOf(about)).toBeUndefined());

  it('sets, makes what is missing, and takes away', () => {
    const value = { spec: { limits: [{ rate: '1/s' }, { rate: '2/s' }], timeout: '1s' } };
    expect(withAt(value, ['spec', 'limits', '0', 'rate'], '5/s')).toEqual({ spec: { limits: [{ rate: '5/s' }, { rate: '2/s' }], timeout: '1s' } });
    expect(withAt(value, ['spec', 'limits', '0'], undefined)).toEqual({ spec: { limits: [{ rate: '2/s' }], timeout: '1s' } });
    expect(withAt(value, ['spec', 'breaker', 'errors'], '20%')).toMatchObject({ spec: { breaker: { errors: '20%' } } });
    expect(withAt(value, ['spec', 'timeout'], undefined)).toEqual({ spec: { limits: value.spec.limits } });
    expect(Object.keys(withAt(value.spec, ['limits'], []) as object)).toEqual(['limits', 'timeout']);
    expect(valueAt(value, ['spec', 'limits', '1', 'rate'])).toBe('2/s');
  });

  it('lays my changes over theirs', () => {
    const base = { timeout: '1s', retry: { attempts: 2, budget: '20%' }, hedge: {} };
    const mine = { timeout: '1s', retry: { attempts: 3, budget: '20%' } };
    const theirs = { timeout: '9s', retry: { attempts: 2, budget: '10%' }, hedge: {}, user: 'client' };
    expect(rebased(base, mine, theirs)).toEqual({ timeout: '9s', retry: { attempts: 3, budget: '10%' }, user: 'client' });
  });

  it('puts problems at their fields, whatever the server calls the place', () => {
    const subject = subjectOf('route/orders-api')!;
    const at = (path: string) => ({ path, what: 'wrong', remedy: 'mend' });
    const { fields, others } = placed([at('gateway.routes.orders-api.limits.0.rate'), at('spec.limits[0].burst'), at('services.web.run'), at('spec')], subject);
    expect([...fields.keys()]).toEqual(['limits.0.rate', 'limits.0.burst']);
    expect(others.map(({ path }) => path)).toEqual(['services.web.run', 'spec']);
    expect(anyBelow(fields, 'limits')).toBe(true);
    expect(anyBelow(fields, 'limit')).toBe(false);
  });
});

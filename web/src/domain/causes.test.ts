import { expect, it } from 'vitest';
import { canAsk, targetRoute } from './causes';

it.each([
  ['service/orders', { page: 'service', name: 'orders' }],
  ['instance/orders-2', { page: 'service', name: 'orders' }],
  ['host/a', { page: 'hosts' }],
  ['route/shop', { page: 'traffic', about: 'route/shop' }],
  ['database/postgresql/orders', { page: 'map', selected: 'postgresql/orders' }],
  ['cache/cache', { page: 'map', selected: 'cache' }],
  ['external/bank.example', { page: 'map', selected: 'bank.example' }],
  ['statement/SELECT 1\nFROM x', { page: 'why', of: 'SELECT 1\nFROM x' }],
  ['somewhere', undefined],
])('%j is looked at there', (target, route) => expect(targetRoute(target)).toEqual(route));

it.each([['orders', true], ['route/shop', true], ['host/a', false], ['cache/cache', false], ['SELECT 1', false]])('%s can be asked why: %s', (of, can) => expect(canAsk(of)).toBe(can));

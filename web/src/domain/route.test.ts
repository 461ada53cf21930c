import { describe, expect, it } from 'vitest';
import { parse, pathOf, type Route } from './route';

describe('route', () => {
  it.each<[string, Route]>([
    ['/', { page: 'map' }],
    ['/?node=web', { page: 'map', selected: 'web' }],
    ['/services/web', { page: 'service', name: 'web' }],
    ['/history', { page: 'history' }],
    ['/history?from=3&to=4', { page: 'history', from: 3, to: 4 }],
    ['/events', { page: 'events' }],
    ['/releases', { page: 'releases' }],
    ['/releases/web', { page: 'releases', name: 'web' }],
    ['/jobs', { page: 'jobs' }],
    ['/flows', { page: 'flows' }],
    ['/flows/order-1', { page: 'flows', run: 'order-1' }],
    ['/jobs/nightly', { page: 'jobs', name: 'nightly' }],
    ['/config', { page: 'config' }],
    ['/config/web', { page: 'config', name: 'web' }],
    ['/locks', { page: 'locks' }],
    ['/registry', { page: 'registry' }],
    ['/streams', { page: 'streams' }],
    ['/streams/order-17', { page: 'streams', name: 'order-17' }],
    ['/store', { page: 'store' }],
  ])('%s is read and written alike', (path, route) => {
    expect(parse(path)).toEqual(route);
    expect(pathOf(route)).toBe(path);
  });

  it.each(['/nowhere', '/services/a/b', '/history/1'])('%s is missing', (path) => expect(parse(path)).toEqual({ page: 'missing' }));

  it('ignores versions that are no numbers', () => expect(parse('/history?from=-1&to=x')).toEqual({ page: 'history' }));
});

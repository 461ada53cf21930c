import { describe, expect, it } from 'vitest';
import { grouped, touches } from './changes';

describe('changes', () => {
  const changes = [
    { path: 'services.web.version', before: '"1.3.0"', after: '"1.4.0"' },
    { path: 'listen', before: '"http://a"', after: '"http://b"' },
    { path: 'services.web.needs.reviews', after: '{"optional":true}' },
    { path: 'services.webshop', before: '{}' },
  ];

  it('puts what is about one thing together', () => {
    expect(grouped(changes)).toEqual([
      {
        name: 'services.web',
        service: 'web',
        changes: [
          { path: 'version', kind: 'changed', before: '1.3.0', after: '1.4.0' },
          { path: 'needs.reviews', kind: 'added', before: '', after: '{\n  "optional": true\n}' },
        ],
      },
      { name: 'listen', changes: [{ path: '', kind: 'changed', before: 'http://a', after: 'http://b' }] },
      { name: 'services.webshop', service: 'webshop', changes: [{ path: '', kind: 'removed', before: '{}', after: '' }] },
    ]);
  });

  it('puts what is about one route together', () =>
    expect(grouped([{ path: 'gateway.routes.shop.timeout', before: '"2s"', after: '"3s"' }, { path: 'gateway.listen', before: '"a"', after: '"b"' }]).map(({ name, changes: all }) => [name, all[0]!.path])).toEqual([
      ['gateway.routes.shop', 'timeout'], ['gateway', 'listen'],
    ]));

  it('does not take one name for the beginning of another', () => {
    expect(touches(changes, 'web')).toBe(true);
    expect(touches(changes, 'webshop')).toBe(true);
    expect(touches(changes, 'we')).toBe(false);
    expect(touches(changes.slice(3), 'web')).toBe(false);
  });
});

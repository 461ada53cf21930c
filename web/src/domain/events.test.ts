import { describe, expect, it } from 'vitest';
import type { Event } from '../api/types';
import { newestFirst, showsEvent, withEvent } from './events';

describe('events', () => {
  const event = (name: string, at: string, more: Partial<Event> = {}): Event => ({ kind: 'event', name, revision: 1, at, about: 'service/web', reason: 'Serving', message: 'fine', severity: 'info', ...more });

  it('keeps the newest first and each once', () => {
    const list = newestFirst([event('a', '2026-01-01'), event('c', '2026-01-03'), event('b', '2026-01-02')]);
    expect(list.map(({ name }) => name)).toEqual(['c', 'b', 'a']);
    expect(withEvent(list, event('b', '2026-01-04')).map(({ name }) => name)).toEqual(['b', 'c', 'a']);
  });

  it('filters by severity and words', () => {
    const warning = event('w', '2026-01-01', { severity: 'warning' });
    expect([showsEvent(warning, 'warning', 'web fine'), showsEvent(warning, 'error', ''), showsEvent(warning, 'all', 'orders')]).toEqual([true, false, false]);
  });
});

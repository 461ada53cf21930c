import { describe, expect, it } from 'vitest';
import type { Incident } from '../api/types';
import { goingOn, incidentTone, lengthMs, ordered, timeline } from './incidents';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 21, 10, minute)).toISOString();
const one = (name: string, state: string, criticality: string, opened: number, more: object = {}) => ({ name, state, criticality, began: at(opened - 1), opened: at(opened), symptoms: [], causes: [], actions: [], told: {}, resolvedBy: '', ...more }) as unknown as Incident;

describe('incidents', () => {
  it('puts what goes on first, and of that what hurts most', () => {
    const all = [one('old', 'resolved', 'critical', 1), one('low', 'open', 'low', 9), one('high', 'acknowledged', 'high', 3), one('new', 'resolved', 'low', 8)];
    expect(ordered(all).map(({ name }) => name)).toEqual(['high', 'low', 'new', 'old']);
    expect(goingOn(all).map(({ name }) => name)).toEqual(['high', 'low']);
    expect(ordered(all).map(incidentTone)).toEqual(['busy', 'warn', 'idle', 'idle']);
    expect(incidentTone(one('a', 'open', 'critical', 1))).toBe('bad');
  });

  it('tells what was felt, what changed around it and what was done in order of time', () => {
    const incident = one('i', 'resolved', 'high', 20, { ended: at(40), resolvedBy: 'mei', symptoms: [{ subject: 'route/shop', text: 'slow', since: at(19) }], actions: [{ id: 'a', do: 'scale', about: 'service/web', text: 'scaled', at: at(25) }, { id: 'b', do: 'advice', about: 'x', text: 'think' }] });
    const versions = [{ number: 3, at: at(1), message: 'long before', by: '' }, { number: 4, at: at(10), message: 'web 2.0', by: 'mei' }, { number: 5, at: at(50), message: 'after', by: '' }];
    expect(timeline(incident, versions, [{ at: at(22), reason: 'IncidentAcknowledged', message: 'mei' }]).map(({ what, words }) => [what, words])).toEqual([
      ['change', 'web 2.0'], ['symptom', 'slow'], ['opened', ''], ['event', 'IncidentAcknowledged: mei'], ['action', 'scaled'], ['ended', 'mei'],
    ]);
    expect(lengthMs(incident, 0)).toBe(21 * 60_000);
  });
});

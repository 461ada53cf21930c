import { describe, expect, it } from 'vitest';
import type { ReleaseRecord, ReleaseStatus, Service } from '../api/types';
import { actsFor, errorShare, fraction, odds, pastOf, span, stageTone, tookMs, underWay } from './releases';

const release = (more: Partial<ReleaseStatus>): ReleaseStatus => ({ to: 'abc', version: '2.0.0', from: '1.0.0', strategy: 'canary', stage: 'holding', step: 0, share: '5%', began: '2026-01-01T00:00:00Z', since: '2026-01-01T00:01:05Z', why: '', marks: [], declared: 3, ...more }) as ReleaseStatus;
const service = (name: string, of?: ReleaseStatus) => ({ name, status: { release: of } }) as unknown as Service;
const record = (name: string, number: number, since: string) => ({ name: `${name}.${number}`, service: name, number, release: release({ since }) }) as ReleaseRecord;

describe('releases', () => {
  it('are under way until they are promoted or given up', () =>
    expect(underWay([service('web', release({})), service('api', release({ stage: 'waiting' })), service('old', release({ stage: 'promoted' })), service('none')]).map(({ name }) => name)).toEqual(['api', 'web']));

  it('that are past are listed from the newest', () => {
    const records = [record('web', 1, '2026-01-01T00:00:00Z'), record('api', 1, '2026-01-03T00:00:00Z'), record('web', 2, '2026-01-02T00:00:00Z')];
    expect(pastOf(records).map(({ name }) => name)).toEqual(['api.1', 'web.2', 'web.1']);
    expect(pastOf(records, 'web').map(({ name }) => name)).toEqual(['web.2', 'web.1']);
  });

  it('offer what makes sense at their stage', () => {
    expect(actsFor(release({}), false)).toEqual(['pause', 'promote', 'abort']);
    expect(actsFor(release({}), true)).toEqual(['resume', 'promote', 'abort']);
    expect(actsFor(release({ stage: 'waiting' }), false)).toEqual(['resume', 'promote', 'abort']);
    expect(actsFor(release({ stage: 'promoting' }), false)).toEqual(['abort']);
    expect(actsFor(release({ strategy: 'rolling', stage: 'promoting' }), false)).toEqual(['abort']);
    expect(actsFor(release({ stage: 'aborted' }), false)).toEqual([]);
  });

  it('tell their figures', () => {
    expect(fraction('25%')).toBe(0.25);
    expect(fraction('')).toBe(0);
    expect(errorShare({ requests: 200, errors: 3, p50Ms: 0, p90Ms: 0, p99Ms: 0 })).toBe('1.5%');
    expect(errorShare({ requests: 0, errors: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0 })).toBe('–');
    expect(span(tookMs(release({})))).toBe('1 min 5 s');
    expect([span(850), span(12_000), span(7_260_000)]).toEqual(['850 ms', '12 s', '2 h 1 min']);
    expect([odds(-3), odds(Math.log(120)), odds(20)]).toEqual(['1:1', '120:1', '> 1000000:1']);
    expect(stageTone('waiting')).toBe('warn');
  });
});

import { describe, expect, it } from 'vitest';
import type { JobRun } from '../api/types';
import { activeRuns, doneOf, runTone, runsOf, tookMs, triesOf } from './jobs';

const run = (job: string, number: number, status: Partial<JobRun['status']>) =>
  ({ name: `${job}.${number}`, job, number, spec: { parallel: 2 }, status: { state: 'waiting', message: '', tasks: [], ...status } }) as unknown as JobRun;

describe('jobs', () => {
  it('lists the runs of one job, the newest first', () =>
    expect(runsOf([run('a', 1, {}), run('b', 3, {}), run('a', 12, {})], 'a').map(({ name }) => name)).toEqual(['a.12', 'a.1']));

  it('counts tasks and tries', () => {
    const one = run('a', 1, { tasks: [{ index: 0, state: 'succeeded', attempt: 1, message: '' }, { index: 1, state: 'running', attempt: 3, message: '' }] });
    expect(doneOf(one)).toBe('1/2');
    expect(triesOf(one)).toBe(4);
  });

  it('knows what has ended, and how long it took', () => {
    const ended = run('a', 1, { state: 'failed', startedAt: '2026-01-01T00:00:00Z', endedAt: '2026-01-01T00:00:02.5Z' });
    expect(tookMs(ended)).toBe(2500);
    expect(tookMs(run('a', 2, { state: 'running', startedAt: '2026-01-01T00:00:00Z' }))).toBeUndefined();
    expect(activeRuns([ended, run('a', 2, { state: 'running' }), run('a', 3, {})]).map(({ number }) => number)).toEqual([2, 3]);
    expect([runTone('succeeded'), runTone('failed')]).toEqual(['ok', 'bad']);
  });
});

import { describe, expect, it } from 'vitest';
import type { FlowRow, FlowRun } from '../api/flowShapes';
import { countOf, drawn, flowTone, helpFor, stageTone } from './flows';

const run: FlowRun = { id: 'r1', flow: 'checkout', state: 'compensating', why: '', by: 'ann', at: '2026-01-01T00:00:00Z', pivoted: false, stopping: true, round: 0 };
const row = (path: string, more: Partial<FlowRow> = {}): FlowRow => ({ path, stage: 'done', kind: 'call', attempt: 1, began: run.at, status: 200, why: '', unknown: false, ...more });

describe('flows', () => {
  it('draws steps on one axis, the first that began first', () => {
    const { steps, spanMs } = drawn(run, [row('b!undo', { began: '2026-01-01T00:00:05Z' }), row('each/0/b', { ended: '2026-01-01T00:00:05Z' })], Date.parse('2026-01-01T00:00:10Z'));
    expect(spanMs).toBe(10_000);
    expect(steps.map(({ name, from, to, depth, undoes }) => [name, from, to, depth, undoes])).toEqual([['b', 0, 0.5, 2, false], ['b!undo', 0.5, 1, 0, true]]);
  });

  it('counts runs of a flow by states', () => {
    const counts = [{ flow: 'a', state: 'running' as const, count: 2 }, { flow: 'a', state: 'waiting' as const, count: 3 }, { flow: 'b', state: 'running' as const, count: 9 }];
    expect(countOf(counts, 'a', 'running', 'waiting')).toBe(5);
  });

  it('says what a person can do', () => {
    expect(helpFor(row('x', { stage: 'waiting', kind: 'approval' }))).toBe('approve');
    expect(helpFor(row('x', { stage: 'parked' }))).toBe('resolve');
    expect(helpFor(row('x'))).toBeUndefined();
    expect([flowTone('parked'), flowTone('succeeded'), stageTone('failed'), stageTone('calling')]).toEqual(['bad', 'ok', 'bad', 'busy']);
  });
});

import type { FlowCount, FlowRow, FlowRun, FlowStage, FlowState } from '../api/flowShapes';
import type { Tone } from './tone';

/** The colour of a run's state. */
export function flowTone(state: FlowState): Tone {
  switch (state) {
    case 'succeeded':
      return 'ok';
    case 'parked':
      return 'bad';
    case 'compensating':
    case 'compensated':
      return 'warn';
    case 'running':
      return 'busy';
    default:
      return 'idle';
  }
}

/** The colour of a step's stage. */
export function stageTone(stage: FlowStage): Tone {
  switch (stage) {
    case 'done':
      return 'ok';
    case 'failed':
    case 'parked':
      return 'bad';
    case 'skipped':
    case 'waiting':
      return 'idle';
    default:
      return 'busy';
  }
}

/** A step as it is drawn: where its bar stands between 0 and 1, how deep it is, and what it is of. */
export interface Drawn {
  row: FlowRow;
  from: number;
  to: number;
  depth: number;
  name: string;
  /** Takes back what the step before `!` did. */
  undoes: boolean;
}

/** All steps on one axis of time; what has no end reaches to now, or to the end of the run. */
export function drawn(run: FlowRun, rows: readonly FlowRow[], now: number): { steps: Drawn[]; spanMs: number } {
  const start = Date.parse(run.at);
  const end = run.endedAt ? Date.parse(run.endedAt) : Math.max(now, start + 1);
  const spanMs = Math.max(1, end - start);
  const share = (at: number) => Math.min(1, Math.max(0, (at - start) / spanMs));
  const steps = [...rows].sort((a, b) => Date.parse(a.began) - Date.parse(b.began) || a.path.localeCompare(b.path)).map((row) => {
    const parts = row.path.split('/');
    return {
      row,
      from: share(Date.parse(row.began)),
      to: share(row.ended ? Date.parse(row.ended) : end),
      depth: parts.length - 1,
      name: parts.at(-1)!,
      undoes: row.path.endsWith('!undo') || row.path.endsWith('!cancel'),
    };
  });
  return { steps, spanMs };
}

/** How many runs of a flow are in some states. */
export const countOf = (counts: readonly FlowCount[], flow: string, ...states: FlowState[]): number =>
  counts.reduce((sum, one) => sum + (one.flow === flow && states.includes(one.state) ? one.count : 0), 0);

/** What a person can do about a step now. */
export function helpFor({ stage, kind }: FlowRow): 'approve' | 'resolve' | undefined {
  if (stage === 'waiting' && kind === 'approval') return 'approve';
  return stage === 'parked' && kind !== 'steps' ? 'resolve' : undefined;
}

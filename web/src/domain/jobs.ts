import type { JobRun, RunState } from '../api/types';
import type { Tone } from './tone';

/** The colour of a run's state. */
export function runTone(state: RunState): Tone {
  switch (state) {
    case 'succeeded':
      return 'ok';
    case 'failed':
      return 'bad';
    case 'running':
      return 'busy';
    default:
      return 'idle';
  }
}

/** The runs of a job, the newest first. */
export const runsOf = (runs: readonly JobRun[], job: string): JobRun[] => runs.filter((run) => run.job === job).sort((a, b) => b.number - a.number);

/** Those that have not ended. */
export const activeRuns = (runs: readonly JobRun[]): JobRun[] => runs.filter(({ status }) => status.state === 'waiting' || status.state === 'running');

/** How many of its tasks have succeeded, of how many. */
export const doneOf = (run: JobRun): string => `${run.status.tasks.filter(({ state }) => state === 'succeeded').length}/${run.spec.parallel}`;

/** All tries of all tasks. */
export const triesOf = (run: JobRun): number => run.status.tasks.reduce((sum, { attempt }) => sum + attempt, 0);

/** How long it took; undefined while it has not ended. */
export function tookMs({ status }: JobRun): number | undefined {
  return status.startedAt && status.endedAt ? Date.parse(status.endedAt) - Date.parse(status.startedAt) : undefined;
}

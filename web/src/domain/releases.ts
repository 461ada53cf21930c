import type { ReleaseFigures, ReleaseRecord, ReleaseStage, ReleaseStatus, Service } from '../api/types';
import type { Tone } from './tone';

/** What can be said about a release that is under way. */
export type RolloutAct = 'pause' | 'resume' | 'promote' | 'abort';

/** Whether it has ended. */
export const isOver = ({ stage }: ReleaseStatus): boolean => stage === 'promoted' || stage === 'aborted';

/** The services whose release is under way, in order of names. */
export const underWay = (services: readonly Service[]): Service[] =>
  services.filter(({ status }) => status.release && !isOver(status.release)).sort((a, b) => a.name.localeCompare(b.name));

/** Releases that have ended, the newest first; of one service or of all. */
export const pastOf = (records: readonly ReleaseRecord[], service?: string): ReleaseRecord[] =>
  records.filter((record) => !service || record.service === service).sort((a, b) => b.release.since.localeCompare(a.release.since) || b.number - a.number);

/** The colour of a stage. */
export function stageTone(stage: ReleaseStage): Tone {
  switch (stage) {
    case 'promoted':
      return 'ok';
    case 'aborted':
      return 'bad';
    case 'waiting':
      return 'warn';
    default:
      return 'busy';
  }
}

/** What makes sense to be said about it at its stage. */
export function actsFor({ stage, strategy }: ReleaseStatus, held: boolean): RolloutAct[] {
  if (stage === 'promoted' || stage === 'aborted') return [];
  if (stage === 'promoting' || strategy === 'rolling' || strategy === 'recreate') return ['abort'];
  return [stage === 'waiting' || held ? 'resume' : 'pause', 'promote', 'abort'];
}

/** A share of the notation (`20%`) as a number from 0 to 1. */
export const fraction = (share: string): number => Math.min(1, Math.max(0, Number.parseFloat(share) / 100 || 0));

/** The part of its requests that failed, in words; a dash without requests. */
export const errorShare = ({ requests, errors }: ReleaseFigures): string => (requests === 0 ? '–' : `${((100 * errors) / requests).toFixed(1)}%`);

/** How long it took, in milliseconds. */
export const tookMs = ({ began, since }: ReleaseStatus): number => Math.max(0, Date.parse(since) - Date.parse(began));

/** Milliseconds as people say them: `850 ms`, `12 s`, `3 min 20 s`. */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min${seconds % 60 ? ` ${seconds % 60} s` : ''}` : `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ''}`;
}

/** Odds of which the natural logarithm is given: `3:1`, at most `1000000:1`. Below even they are told as 1:1. */
export const odds = (log: number): string => (log > Math.log(1e6) ? '> 1000000:1' : `${Math.max(1, Math.round(Math.exp(log)))}:1`);

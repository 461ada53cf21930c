import type { Criticality, Severity } from '../api/types';

/** What can be rehearsed. */
export type RehearsalKind = 'host-down' | 'instance-down' | 'service-down' | 'release' | 'traffic';

/** The body of `POST /api/v1/simulate`. */
export interface RehearsalAsk {
  what: RehearsalKind;
  names?: string[];
  version?: string;
  errorRate?: string;
  slow?: string;
  rate?: string;
  factor?: string;
  for?: string;
  seed?: number;
}

/** Something that would happen, so many seconds from the beginning. */
export interface RehearsalLine {
  at: number;
  kind: string;
  about: string;
  text: string;
  severity: Severity;
}

/** Somebody who would be hurt; shares are 0 to 1, of all requests in the rehearsed time. */
export interface Hurt {
  name: string;
  criticality: Criticality;
  without: number;
  fails: number;
  waits: number;
  lesser: number;
  worst: number;
  worstAt: number;
  perSecond?: number;
  failed?: number;
  through?: string;
}

/** What would become of a job. */
export interface RehearsedJob {
  name: string;
  succeeded: number;
  failed: number;
  open: number;
  leftOut: number;
  lostTries: number;
  failedTries: number;
  lostSeconds: number;
  why?: string;
  isHurt: boolean;
}

/** What would be suggested or done about an incident. */
export interface RehearsedAction {
  state: 'suggested' | 'done' | 'helped' | 'didNotHelp' | 'failed';
  at?: number;
  text: string;
  how: string;
  verdict: string;
}

/** An incident that would open. */
export interface RehearsedIncident {
  opens: number;
  ends?: number;
  title: string;
  criticality: Criticality;
  cause: string;
  confidence: number;
  evidence: string[];
  told: string[];
  actions: RehearsedAction[];
}

/** The answer. */
export interface RehearsalReport {
  title: string;
  seconds: number;
  seed: number;
  lines: RehearsalLine[];
  more: number;
  services: Hurt[];
  routes: Hurt[];
  jobs: RehearsedJob[];
  incidents: RehearsedIncident[];
  objectives: { name: string; route: string; spent: number }[];
  open: string[];
  assumed: string[];
  tookMs: number;
}

/** The form, as it is filled in. */
export interface RehearsalForm {
  what: RehearsalKind;
  names: string;
  version: string;
  errorRate: string;
  slow: string;
  rate: string;
  factor: string;
  span: string;
  seed: string;
}

export const kinds: readonly RehearsalKind[] = ['host-down', 'instance-down', 'service-down', 'release', 'traffic'];

export const emptyForm: RehearsalForm = { what: 'host-down', names: '', version: '', errorRate: '', slow: '', rate: '', factor: 'x2', span: '5m', seed: '1' };

/** What is asked for: only what belongs to it, and nothing that was left empty. */
export function askOf(form: RehearsalForm): RehearsalAsk {
  const names = form.names.split(/[\s,]+/).filter(Boolean);
  const given = (text: string) => text.trim() || undefined;
  const release = form.what === 'release';
  const all = {
    what: form.what,
    names: form.what === 'traffic' ? undefined : names,
    version: release ? form.version.trim() : undefined,
    errorRate: release ? given(form.errorRate) : undefined,
    slow: release ? given(form.slow) : undefined,
    rate: release ? given(form.rate) : undefined,
    factor: form.what === 'traffic' ? form.factor.trim() : undefined,
    for: given(form.span),
    seed: /^\d{1,9}$/.test(form.seed) ? Number(form.seed) : undefined,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as RehearsalAsk;
}

/** The lines second by second. */
export function bySecond(lines: readonly RehearsalLine[]): { second: number; lines: RehearsalLine[] }[] {
  const groups: { second: number; lines: RehearsalLine[] }[] = [];
  for (const line of lines) {
    const second = Math.floor(line.at);
    const last = groups.at(-1);
    if (last?.second === second) last.lines.push(line);
    else groups.push({ second, lines: [line] });
  }
  return groups;
}

import type { Incident } from '../api/types';
import type { Tone } from './tone';

/** An incident's tone: what goes on and hurts what is critical is bad, what somebody is at is being changed. */
export function incidentTone(one: Incident): Tone {
  if (one.state === 'resolved') return 'idle';
  if (one.state === 'acknowledged') return 'busy';
  return one.criticality === 'critical' || one.criticality === 'high' ? 'bad' : 'warn';
}

const states = ['open', 'acknowledged', 'resolved'];
const levels = ['critical', 'high', 'medium', 'low'];

/** What goes on first, what hurts most before what hurts less, the newest before older ones. */
export const ordered = (all: readonly Incident[]): Incident[] =>
  [...all].sort((a, b) => Number(a.state === 'resolved') - Number(b.state === 'resolved') || (a.state === 'resolved' ? 0 : levels.indexOf(a.criticality) - levels.indexOf(b.criticality)) || b.opened.localeCompare(a.opened) || states.indexOf(a.state) - states.indexOf(b.state));

/** What goes on. */
export const goingOn = (all: readonly Incident[]): Incident[] => ordered(all).filter((one) => one.state !== 'resolved');

export interface Moment {
  at: string;
  what: 'began' | 'opened' | 'symptom' | 'change' | 'event' | 'action' | 'ended';
  words: string;
  /** What it is about, where it is about something. */
  about?: string;
  /** The number of the version, of a change. */
  version?: number;
}

interface Change {
  number: number;
  at: string;
  message: string;
  by: string;
}

interface Told {
  at: string;
  reason: string;
  message: string;
}

/** How long before its first symptom a change is told with an incident. */
const beforeMs = 15 * 60_000;

/** Everything that belongs to an incident, in order of time: what was felt, what changed around it, what was done and said. */
export function timeline(one: Incident, versions: readonly Change[], events: readonly Told[]): Moment[] {
  const [from, to] = [Date.parse(one.began) - beforeMs, one.ended ? Date.parse(one.ended) : Infinity];
  const found: Moment[] = [
    ...one.symptoms.map((symptom): Moment => ({ at: symptom.since, what: 'symptom', words: symptom.text, about: symptom.subject })),
    { at: one.opened, what: 'opened', words: '' },
    ...versions.filter((version) => Date.parse(version.at) >= from && Date.parse(version.at) <= to).map((version): Moment => ({ at: version.at, what: 'change', words: version.message || version.by, version: version.number })),
    ...events.map((event): Moment => ({ at: event.at, what: 'event', words: `${event.reason}: ${event.message}` })),
    ...one.actions.flatMap((action): Moment[] => (action.at ? [{ at: action.at, what: 'action', words: action.text, about: action.about }] : [])),
    ...(one.ended ? [{ at: one.ended, what: 'ended', words: one.resolvedBy } satisfies Moment] : []),
  ];
  return found.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** How long it lasted, or lasts, in milliseconds. */
export const lengthMs = (one: Incident, now: number): number => Math.max(0, (one.ended ? Date.parse(one.ended) : now) - Date.parse(one.began));

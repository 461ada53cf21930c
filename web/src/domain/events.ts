import type { Event } from '../api/types';

export type SeverityFilter = 'all' | 'warning' | 'error';

/** The most that a list of events keeps. */
const mostEvents = 500;

const later = (a: Event, b: Event): number => b.at.localeCompare(a.at) || b.revision - a.revision;

export const newestFirst = (events: readonly Event[]): readonly Event[] => [...events].sort(later).slice(0, mostEvents);

/** The list with the event in its place; one that repeats replaces itself. */
export const withEvent = (events: readonly Event[], event: Event): readonly Event[] =>
  newestFirst([event, ...events.filter(({ name }) => name !== event.name)]);

export function showsEvent(event: Event, severity: SeverityFilter, words: string): boolean {
  if (severity === 'error' && event.severity !== 'error') return false;
  if (severity === 'warning' && event.severity === 'info') return false;
  const hay = `${event.about} ${event.reason} ${event.message}`.toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => hay.includes(word));
}

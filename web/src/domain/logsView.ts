import type { LogRecord } from '../api/observeShapes';
import type { Tone } from './tone';

export const severities: readonly number[] = [0, 5, 9, 13, 17, 21];

/** After the numbers of OpenTelemetry: error from 17, warning from 13. */
export const severityTone = (severity: number): Tone => (severity >= 17 ? 'bad' : severity >= 13 ? 'warn' : 'idle');

/** What is looked for in the logs; empty means any. */
export interface LogSearch {
  service?: string;
  text?: string;
  severity?: string;
  trace?: string;
  /** Records, or patterns of similar ones. */
  show?: string;
}

const keys = ['service', 'text', 'severity', 'trace', 'show'] as const;

/** What is asked of the server; how it is shown is nothing to it. */
export const askedOf = ({ show: _, ...search }: LogSearch): string => logQueryOf(search);

export function logQueryOf(search: LogSearch): string {
  const query = new URLSearchParams();
  for (const key of keys) if (search[key] && search[key] !== '0') query.set(key, search[key]);
  return query.toString();
}

export const logSearchOf = (query: URLSearchParams): LogSearch => Object.fromEntries(keys.flatMap((key) => (query.get(key) ? [[key, query.get(key)!]] : [])));

/** The longest part of a pattern without values: what all its lines hold. */
export const likeIt = (pattern: string): string => pattern.split('<*>').map((part) => part.trim()).sort((a, b) => b.length - a.length)[0] ?? '';

/** Records by time in so many equal parts, and how many of each part are errors. */
export function volume(records: readonly LogRecord[], parts: number): { at: number; all: number; bad: number }[] {
  if (records.length === 0) return [];
  const times = records.map((one) => Date.parse(one.at));
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const step = Math.max(1, (last - first) / parts);
  const found = Array.from({ length: parts }, (_, index) => ({ at: first + index * step, all: 0, bad: 0 }));
  records.forEach((one, index) => {
    const part = found[Math.min(parts - 1, Math.floor((times[index]! - first) / step))]!;
    part.all++;
    if (one.severity >= 17) part.bad++;
  });
  return found;
}

/** A text cut where it holds what is looked for, whatever its case; every second piece is a find. */
export function pieces(text: string, wanted: string): string[] {
  if (!wanted) return [text];
  const found: string[] = [];
  const [low, find] = [text.toLowerCase(), wanted.toLowerCase()];
  let from = 0;
  for (let at = low.indexOf(find); at >= 0; at = low.indexOf(find, from)) {
    found.push(text.slice(from, at), text.slice(at, at + find.length));
    from = at + find.length;
  }
  return [...found, text.slice(from)];
}

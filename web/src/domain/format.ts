/** Requests per second with at most three digits: `0`, `0.4`, `12`, `1.2k`. */
export function rate(perSecond: number): string {
  if (perSecond < 0.05) return '0';
  if (perSecond < 9.95) return perSecond.toFixed(1);
  if (perSecond < 999.5) return perSecond.toFixed(0);
  return perSecond < 9950 ? `${(perSecond / 1000).toFixed(1)}k` : `${(perSecond / 1000).toFixed(0)}k`;
}

/** How many: whole below a thousand, then in thousands and millions. */
export const tally = (count: number): string => (count < 999.5 ? String(Math.round(count)) : count < 999_500 ? rate(count) : `${(count / 1e6).toFixed(count < 9.95e6 ? 1 : 0)}M`);

/** A share of 0 to 1 as percent; what is not zero never reads as zero. */
export function percent(ratio: number): string {
  if (ratio <= 0) return '0%';
  if (ratio < 0.001) return '<0.1%';
  return ratio < 0.0995 ? `${(ratio * 100).toFixed(1)}%` : `${(ratio * 100).toFixed(0)}%`;
}

/** A latency: `0.4 ms`, `34 ms`, `1.2 s`. */
export function latency(ms: number): string {
  if (ms <= 0) return '–';
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  return ms < 999.5 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Whole units of an age, largest first: `[3, 'm']`. */
export function age(fromMs: number, nowMs: number): [number, 's' | 'm' | 'h' | 'd'] {
  const seconds = Math.max(0, Math.floor((nowMs - fromMs) / 1000));
  if (seconds < 60) return [seconds, 's'];
  if (seconds < 3600) return [Math.floor(seconds / 60), 'm'];
  return seconds < 86_400 ? [Math.floor(seconds / 3600), 'h'] : [Math.floor(seconds / 86_400), 'd'];
}

const two = (number: number): string => String(number).padStart(2, '0');

/** Local time of day: `12:03:04`. */
export function clock(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Local date and time: `2026-11-21 12:03:04`. */
export function stamp(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(at)}`;
}

/** Local time of day with milliseconds, for log lines. */
export const fineClock = (at: Date): string => `${clock(at)}.${String(at.getMilliseconds()).padStart(3, '0')}`;

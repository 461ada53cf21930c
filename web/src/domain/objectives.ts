import type { Tone } from './tone';

/** How fast a budget is spent over two windows: 1 would spend all of it just by the end of the objective's window. */
export interface Burn {
  long: string;
  short: string;
  factor: number;
  longBurn: number;
  shortBurn: number;
  firing: boolean;
}

/** How one thing that is asked stands. */
export interface Indicator {
  of: string;
  /** 0 to 1, as are `actual` and `budgetLeft`; the latter is negative when more failed than may. */
  target: number;
  requests: number;
  bad: number;
  actual?: number;
  nines?: number;
  budgetLeft: number;
  burns: Burn[];
}

/** One of `GET /api/v1/reliability`. */
export interface ObjectiveStanding {
  name: string;
  route: string;
  window: string;
  since?: string;
  indicators: Indicator[];
  incidents: number;
  mttrSeconds?: number;
  mttfSeconds?: number;
}

/** Spent, or spent too fast, is bad; less than a quarter left is a warning; nothing counted says nothing. */
export function indicatorTone(one: Indicator): Tone {
  if (one.actual === undefined) return 'idle';
  if (one.budgetLeft <= 0 || one.burns.some((burn) => burn.firing)) return 'bad';
  return one.budgetLeft < 0.25 || one.burns.some((burn) => burn.longBurn > burn.factor) ? 'warn' : 'ok';
}

const order: readonly Tone[] = ['bad', 'warn', 'busy', 'ok', 'idle'];

/** The tone of its worst indicator. */
export const standingTone = (one: ObjectiveStanding): Tone => one.indicators.map(indicatorTone).sort((a, b) => order.indexOf(a) - order.indexOf(b))[0] ?? 'idle';

/** Those in need first, then by name. */
export const byNeed = (all: readonly ObjectiveStanding[]): ObjectiveStanding[] =>
  [...all].sort((a, b) => order.indexOf(standingTone(a)) - order.indexOf(standingTone(b)) || (a.name < b.name ? -1 : 1));

/** A share with as many digits as tell it from 100%: `99.95%`, `99.9993%`. */
export function exactShare(share: number): string {
  const digits = share >= 1 ? 0 : Math.min(4, Math.max(1, Math.ceil(-Math.log10(1 - share)) - 1));
  return `${Number((share * 100).toFixed(digits))}%`;
}

/** When all of the budget is spent, if it goes on as in the burn's long window; undefined where it lasts. */
export function lastsHours(one: Indicator, windowHours: number): number | undefined {
  const burn = one.burns[0]?.longBurn ?? 0;
  return burn > 1 && one.budgetLeft > 0 ? (one.budgetLeft * windowHours) / burn : undefined;
}

const units: Readonly<Record<string, number>> = { ms: 1 / 3_600_000, s: 1 / 3600, m: 1 / 60, h: 1, d: 24 };

/** `30d`, `1h30m` in hours; 0 for anything else. */
export const hoursOf = (span: string): number => [...span.matchAll(/([\d.]+)(ms|[smhd])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * units[unit!]!, 0);

/** A span in its two largest units: `2 h 5 min`. */
export function wordsOf(seconds: number, unit: Readonly<Record<'d' | 'h' | 'm' | 's', (count: number) => string>>): string {
  const parts: [number, 'd' | 'h' | 'm' | 's'][] = [[Math.floor(seconds / 86_400), 'd'], [Math.floor((seconds % 86_400) / 3600), 'h'], [Math.floor((seconds % 3600) / 60), 'm'], [Math.floor(seconds % 60), 's']];
  const first = parts.findIndex(([count]) => count > 0);
  return first < 0 ? unit.s(0) : parts.slice(first, first + 2).filter(([count]) => count > 0).map(([count, name]) => unit[name](count)).join(' ');
}

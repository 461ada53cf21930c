import type { TraceSpan } from '../api/observeShapes';

/** The places of the spans that are seen while some are folded. Spans come in reading order, so what is below a folded one follows it. */
export function visible(spans: readonly TraceSpan[], folded: ReadonlySet<string>): number[] {
  const shown: number[] = [];
  let hiddenBelow = Infinity;
  spans.forEach((span, index) => {
    if (span.depth > hiddenBelow) return;
    hiddenBelow = folded.has(span.id) ? span.depth : Infinity;
    shown.push(index);
  });
  return shown;
}

/** Whether another span lies directly below. */
export const hasChildren = (spans: readonly TraceSpan[], index: number): boolean => (spans[index + 1]?.depth ?? 0) > (spans[index]?.depth ?? 0);

/** How many spans lie below. */
export function countBelow(spans: readonly TraceSpan[], index: number): number {
  const depth = spans[index]!.depth;
  let end = index + 1;
  while (end < spans.length && spans[end]!.depth > depth) end++;
  return end - index - 1;
}

/** The place of the span directly above; -1 for roots. */
export function parentOf(spans: readonly TraceSpan[], index: number): number {
  for (let at = index - 1; at >= 0; at--) if (spans[at]!.depth < spans[index]!.depth) return at;
  return -1;
}

/** Which of so many rows are in sight, with some more at both ends. */
export function inSight(scrollTop: number, height: number, rowHeight: number, count: number, more = 12): { from: number; to: number } {
  const from = Math.max(0, Math.floor(scrollTop / rowHeight) - more);
  return { from, to: Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + more) };
}

/** Round times between two, at most `most` of them: steps of 1, 2 or 5. */
export function ticks(fromMs: number, toMs: number, most: number): number[] {
  const span = toMs - fromMs;
  if (!(span > 0)) return [fromMs];
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const found: number[] = [];
  for (let at = Math.ceil(fromMs / step) * step; at <= toMs; at += step) found.push(Math.round(at * 1e6) / 1e6);
  return found;
}

/** A place on the time axis as a share of 0 to 1. */
export const shareOf = (ms: number, fromMs: number, toMs: number): number => Math.min(1, Math.max(0, (ms - fromMs) / Math.max(toMs - fromMs, 1e-6)));

/** A time within a trace: `0`, `0.42 ms`, `12 ms`, `1.5 s`. */
export function span(ms: number): string {
  if (ms === 0) return '0';
  if (ms < 1) return `${Number(ms.toPrecision(2))} ms`;
  if (ms < 1000) return `${Number(ms.toPrecision(3))} ms`;
  return `${Number((ms / 1000).toPrecision(3))} s`;
}

/** Where the time went: self time by service, the most first, with how much of it lies on the critical path. */
export function bySelf(spans: readonly TraceSpan[]): { service: string; selfMs: number; criticalMs: number; spans: number; errors: number }[] {
  const sums = new Map<string, { service: string; selfMs: number; criticalMs: number; spans: number; errors: number }>();
  for (const one of spans) {
    const sum = sums.get(one.service) ?? { service: one.service, selfMs: 0, criticalMs: 0, spans: 0, errors: 0 };
    sum.selfMs += one.selfMs;
    if (one.critical) sum.criticalMs += one.selfMs;
    sum.spans++;
    if (one.error) sum.errors++;
    sums.set(one.service, sum);
  }
  return [...sums.values()].sort((a, b) => b.selfMs - a.selfMs);
}

/** A colour's number for each service, in order of first appearance; there are eight. */
export function hues(spans: readonly TraceSpan[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { service } of spans) if (!found.has(service)) found.set(service, found.size % 8);
  return found;
}

export interface Cursor {
  /** Place among all spans. */
  at: number;
  folded: ReadonlySet<string>;
}

/** What a key does; undefined where it does nothing. */
export function press(key: string, spans: readonly TraceSpan[], { at, folded }: Cursor): Cursor | undefined {
  const shown = visible(spans, folded);
  const row = shown.indexOf(at);
  const to = (index: number): Cursor => ({ at: shown[Math.min(shown.length - 1, Math.max(0, index))]!, folded });
  const fold = (id: string, on: boolean): Cursor => {
    const next = new Set(folded);
    if (on) next.add(id);
    else next.delete(id);
    return { at, folded: next };
  };
  const here = spans[at]!;
  switch (key) {
    case 'ArrowDown':
      return to(row + 1);
    case 'ArrowUp':
      return to(row - 1);
    case 'PageDown':
      return to(row + 20);
    case 'PageUp':
      return to(row - 20);
    case 'Home':
      return to(0);
    case 'End':
      return to(shown.length - 1);
    case 'ArrowRight':
      return folded.has(here.id) ? fold(here.id, false) : hasChildren(spans, at) ? to(row + 1) : undefined;
    case 'ArrowLeft':
      if (hasChildren(spans, at) && !folded.has(here.id)) return fold(here.id, true);
      return parentOf(spans, at) >= 0 ? { at: parentOf(spans, at), folded } : undefined;
    default:
      return undefined;
  }
}

/** How far back the map can be looked at, by name. */
export const travelSpans: Readonly<Record<string, number>> = { '15m': 900_000, '1h': 3_600_000, '6h': 21_600_000, '24h': 86_400_000 };

/** A step of the slider: 180 over the span, at least the ten seconds in which the map is kept. */
export const stepOf = (spanMs: number): number => Math.max(10_000, spanMs / 180);

/** The moment on a step that a change happened just before, so that it shows. */
export const after = (at: number, stepMs: number, nowMs: number): number => Math.min(Math.ceil(at / stepMs) * stepMs, nowMs);

/** Changes with their places on the slider, 0 to 1; those of one step are told together. */
export function marksOf(changes: readonly { at: string; text: string }[], fromMs: number, toMs: number, stepMs: number): { at: number; place: number; words: string[] }[] {
  const marks = new Map<number, { at: number; place: number; words: string[] }>();
  for (const change of changes) {
    const at = Date.parse(change.at);
    if (!(at >= fromMs && at <= toMs)) continue;
    const step = Math.floor(at / stepMs);
    const mark = marks.get(step) ?? { at, place: (at - fromMs) / Math.max(1, toMs - fromMs), words: [] };
    mark.words.push(change.text);
    marks.set(step, mark);
  }
  return [...marks.values()].sort((a, b) => a.at - b.at);
}

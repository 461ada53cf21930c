import type { Line, Series } from './charts';

export const querySpans: Readonly<Record<string, number>> = { '5m': 300_000, '15m': 900_000, '1h': 3_600_000, '6h': 21_600_000, '1d': 86_400_000 };

/** Questions to begin with: what people ask first. */
export const examples: readonly string[] = [
  'histogram_quantile(0.99, sum by (le, http.route) (rate(http.server.request.duration_bucket[1m])))',
  'sum by (client, server) (rate(traces_service_graph_request_total[1m]))',
  'sum by (service.name) (process.memory.usage)',
];

/** A series as people read it: its name, and the labels by which it differs from the others. */
export function nameOf(series: Series, all: readonly Series[]): string {
  const differing = Object.entries(series.labels).filter(([label, value]) => all.some((other) => other.labels[label] !== value));
  const words = differing.map(([label, value]) => `${label}=${value}`).join(', ');
  return words || series.name || '{}';
}

/** The lines of an answer, those with the greatest last value first. */
export function linesOf(all: readonly Series[]): Line[] {
  const last = (line: Line) => line.points.at(-1)?.value ?? -Infinity;
  return all
    .map((series): Line => ({ name: nameOf(series, all), points: series.points.flatMap(([at, value]) => (typeof value === 'number' && Number.isFinite(value) ? [{ at: at!, value }] : [])) }))
    .sort((a, b) => last(b) - last(a) || (a.name < b.name ? -1 : 1));
}

/** A number with at most four digits that count. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${Number((value / 1e9).toPrecision(3))}G`;
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(4)));
}

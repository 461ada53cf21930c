import { useEffect, useState } from 'react';
import { api } from '../api/client';
import { linesBy, roundSpan } from '../domain/charts';
import { latency, percent, rate } from '../domain/format';
import { heatOf, quantileOf, ratioOf, slowestOf, totalOf } from '../domain/heat';
import { HeatMap } from './HeatMap';
import { useLoad } from './hooks';
import { LineChart } from './LineChart';
import { useText } from './settings';

const everyMs = 10_000;
const spans: Readonly<Record<string, number>> = { '5m': 300_000, '15m': 900_000, '1h': 3_600_000 };
const steps = 60;

export interface RedSource {
  /** Of the histogram, without `_bucket`. */
  durations: string;
  failed: string;
  /** Labels that select it, in the notation of queries. */
  labels: string;
  /** The series whose exemplars stand for its requests. */
  traced?: string;
}

/** The names under which the store has the calls of a way or a service; undefined for what has none. */
export function sourceOf(about: string): RedSource | undefined {
  const [, kind, name] = /^(route|need|service)\/(.+)$/.exec(about) ?? [];
  if (!kind || /["\\]/.test(name!)) return undefined;
  if (kind === 'route') return { durations: 'http.server.request.duration', failed: 'http.server.request.failed', labels: `http.route="${name}"` };
  const [, caller, callee] = kind === 'need' ? (/^([^.]+)\.(.+)$/.exec(name!) ?? []) : [];
  const labels = kind === 'need' ? `client="${caller}",server="${callee}",source="mesh"` : `server="${name}"`;
  const serves = kind === 'service' ? name : callee;
  return { durations: 'traces_service_graph_request_server', failed: 'traces_service_graph_request_failed_total', labels, traced: `traces.span.metrics.duration_bucket{service.name="${serves}"}` };
}

/** Rate, errors and durations over time: lines, and the durations as a heat map. */
export function RedCharts({ about }: { about: string }) {
  const text = useText().care;
  const [span, setSpan] = useState('15m');
  const source = sourceOf(about);
  const spanMs = spans[span]!;
  const stepMs = Math.max(10_000, spanMs / steps);
  const range = `[${Math.max(30, stepMs / 1000)}s]`;
  const { value, again } = useLoad(source && `${about} ${span}`, async (signal) => {
    const time = roundSpan(Date.now(), spanMs, stepMs);
    const ask = (name: string) => api.metrics(`rate(${name}{${source!.labels}}${range})`, time, signal);
    const marks = source!.traced ? api.exemplars(source!.traced, time, signal).catch(() => []) : [];
    const [buckets, failed, exemplars] = await Promise.all([ask(`${source!.durations}_bucket`), ask(source!.failed), marks]);
    return { time, exemplars: slowestOf(exemplars, 24), heat: heatOf(mostSeen(buckets)), failed: linesBy(mostSeen(failed).map((one) => ({ ...one, labels: {} })), 'none')[0] };
  });
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && again(), everyMs);
    return () => clearInterval(timer);
  }, [again]);
  if (!value || value.heat.most === 0) return null;
  const total = totalOf(value.heat, text.red.rate);
  const common = value.time;
  return (
    <section aria-label={text.redTitle}>
      <div className="page-head">
        <h2>{text.redTitle}</h2>
        <div className="switch" role="group" aria-label={text.span}>
          {Object.keys(spans).map((one) => <button key={one} type="button" aria-pressed={one === span} onClick={() => setSpan(one)}>{one}</button>)}
        </div>
      </div>
      <div className="charts">
        <LineChart {...common} title={text.red.rate} lines={[total]} show={rate} />
        <LineChart {...common} title={text.red.errors} lines={[ratioOf(value.failed, total, text.red.errors)]} show={percent} />
        <LineChart {...common} title={text.red.durations} lines={[quantileOf(value.heat, 0.99, 'p99'), quantileOf(value.heat, 0.5, 'p50')]} show={latency} />
        <HeatMap {...common} of={value.heat} exemplars={value.exemplars} />
      </div>
    </section>
  );
}

/** What the mesh and traces both see is in both: the mesh's word counts where there is one. */
function mostSeen<T extends { labels: Readonly<Record<string, string>> }>(series: readonly T[]): readonly T[] {
  const mesh = series.filter((one) => one.labels.source === 'mesh');
  return mesh.length > 0 ? mesh : series;
}

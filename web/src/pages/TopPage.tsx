import { useEffect } from 'react';
import { Paths } from '../parts/Paths';
import { api } from '../api/client';
import type { TopBy, TopOf, TopRow } from '../api/observeShapes';
import { latency, percent, rate } from '../domain/format';
import { topBys, topOfs, weightOf, windows } from '../domain/observe';
import { span as duration } from '../domain/waterfall';
import { useLoad } from '../parts/hooks';
import { go, Link } from '../parts/navigation';
import { Problem } from '../parts/Problem';
import { useText } from '../parts/settings';

const everyMs = 5000;
const listed = 10;
const tabled = 50;

interface TopProps {
  of: TopOf;
  window: string;
  service: string | undefined;
}

/** The three top lists side by side: most called, slowest, and what takes the most time altogether. */
export default function TopPage({ of, window: span, service }: TopProps) {
  const text = useText();
  const { value, problem, again } = useLoad(`${of} ${span} ${service ?? ''}`, (signal) => Promise.all(topBys.map((by) => api.top(of, by, span, by === 'heat' ? tabled : listed, service, signal))).then((lists) => ({ of, lists })));
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && again(), everyMs);
    return () => clearInterval(timer);
  }, [again]);
  const to = (next: Partial<TopProps>) => go({ page: 'top', of, window: span, ...(service && { service }), ...next } as Parameters<typeof go>[0]);
  const lists = value?.of === of ? value.lists : undefined;
  return (
    <div className="page">
      <div className="page-head">
        <h1>{text.observe.topTitle}</h1>
        <div className="actions">
          {service && <button type="button" onClick={() => go({ page: 'top', of, window: span })}>{service} ×</button>}
          <label className="check">
            {text.observe.window}
            <select value={span} onChange={(event) => to({ window: event.target.value })}>{windows.map((one) => <option key={one}>{one}</option>)}</select>
          </label>
        </div>
      </div>
      <div className="switch tabs" role="group" aria-label={text.observe.of}>
        {topOfs.map((one) => <button key={one} type="button" aria-pressed={one === of} onClick={() => to({ of: one })}>{text.observe.topOf[one]}</button>)}
      </div>
      {problem && <Problem of={problem} again={again} />}
      {!lists && !problem && <p className="quiet">{text.app.loading}</p>}
      {lists?.every((list) => list.length === 0) && <p className="empty">{text.observe.noTop}</p>}
      {lists && lists.some((list) => list.length > 0) && (
        <>
          <div className="tops" data-testid="tops">
            {topBys.map((by, index) => <TopList key={by} by={by} of={of} rows={lists[index]!.slice(0, listed)} />)}
          </div>
          <Figures of={of} rows={lists[topBys.indexOf('heat')]!} />
          {(of === 'statements' || of === 'operations') && <Paths window={span} service={of === 'statements' ? service : undefined} api={of === 'operations' ? service : undefined} />}
        </>
      )}
    </div>
  );
}

const shown = (row: TopRow, by: TopBy): string => (by === 'calls' ? String(row.calls) : by === 'slow' ? latency(row.p99Ms) : duration(row.heatSeconds * 1000));

/** Where a row leads: traces that show it. */
function target(of: TopOf, row: TopRow): Parameters<typeof go>[0] {
  if (of === 'operations') return { page: 'traces', search: { service: row.service, operation: row.name } };
  if (of === 'services') return { page: 'traces', search: { service: row.service } };
  return row.exemplar ? { page: 'trace', id: row.exemplar } : { page: 'traces', search: { service: of === 'callers' ? row.name : row.service } };
}

function TopList({ by, of, rows }: { by: TopBy; of: TopOf; rows: readonly TopRow[] }) {
  const text = useText().observe;
  const most = Math.max(...rows.map((row) => weightOf(row, by)), Number.MIN_VALUE);
  return (
    <section className="top-list" aria-label={text.topBy[by]}>
      <h2>{text.topBy[by]} <span className="quiet">{text.topUnit[by]}</span></h2>
      <ol>
        {rows.map((row) => (
          <li key={`${row.service} ${row.name}`}>
            <Link to={target(of, row)} title={`${row.service} ${row.name}`}>
              <span className={of === 'statements' ? 'top-name is-code' : 'top-name'}>{name(of, row)}</span>
              <span className="top-value">{shown(row, by)}</span>
              <span className="trace-bar" aria-hidden="true"><i className={row.errorRatio >= 0.01 ? 'is-bad' : undefined} style={{ width: `${(weightOf(row, by) / most) * 100}%` }} /></span>
            </Link>
          </li>
        ))}
      </ol>
    </section>
  );
}

function name(of: TopOf, row: TopRow) {
  if (of === 'services') return <b>{row.service}</b>;
  if (of === 'callers') return <><b>{row.name}</b> → {row.service}</>;
  return <><b>{row.service}</b> {row.name}</>;
}

function Figures({ of, rows }: { of: TopOf; rows: readonly TopRow[] }) {
  const text = useText();
  return (
    <section>
      <h2>{text.observe.table}</h2>
      <div className="table-frame" tabIndex={0} role="region" aria-label={text.observe.table}>
        <table>
          <thead>
            <tr>
              <th scope="col">{text.observe.topOf[of]}</th>
              <th scope="col" className="number">{text.observe.calls}</th>
              <th scope="col" className="number">{text.column.rate}</th>
              <th scope="col" className="number">{text.column.errors}</th>
              <th scope="col" className="number">{text.column.p50}</th>
              <th scope="col" className="number">{text.column.p99}</th>
              <th scope="col" className="number" title={text.sight.apdexHint}>Apdex</th>
              <th scope="col" className="number">{text.observe.heat}</th>
              <th scope="col">{text.observe.example}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.service} ${row.name}`}>
                <th scope="row" className={of === 'statements' ? 'names is-code' : 'names'}>{name(of, row)}</th>
                <td className="number">{row.calls}</td>
                <td className="number">{rate(row.callsPerSecond)}</td>
                <td className="number">{percent(row.errorRatio)}</td>
                <td className="number">{latency(row.p50Ms)}</td>
                <td className="number">{latency(row.p99Ms)}</td>
                <td className="number">{row.apdex === undefined ? text.app.none : row.apdex.toFixed(2)}</td>
                <td className="number">{duration(row.heatSeconds * 1000)}</td>
                <td>{of === 'statements' && <><Link to={{ page: 'why', of: row.name }}>{text.care.impact}</Link>{' '}</>}{row.exemplar && <Link to={{ page: 'trace', id: row.exemplar }}><code>{row.exemplar.slice(0, 8)}</code></Link>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

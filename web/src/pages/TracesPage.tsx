import { useEffect, useState } from 'react';
import { api } from '../api/client';
import { live } from '../api/live';
import type { TraceSearch, TraceSummary } from '../api/observeShapes';
import { clock, latency, stamp } from '../domain/format';
import { queryOf, scatter, traceIdOf } from '../domain/observe';
import { useLoad } from '../parts/hooks';
import { go, Link } from '../parts/navigation';
import { Problem } from '../parts/Problem';
import { useText } from '../parts/settings';

const followMs = 3000;

/** Finds traces: a form, a picture of what was found, and the list. */
export default function TracesPage({ search }: { search: TraceSearch }) {
  const text = useText();
  const [follow, setFollow] = useState(false);
  const { value, problem, again } = useLoad(queryOf(search), (signal) => api.traces(search, signal));
  const found = value?.items;
  useEffect(() => {
    if (!follow) return;
    const timer = setInterval(() => !document.hidden && again(), followMs);
    return () => clearInterval(timer);
  }, [follow, again]);
  const slowest = Math.max(...(found ?? []).map((one) => one.durationMs), 1);
  return (
    <div className="page">
      <div className="page-head">
        <h1>{text.observe.traces}</h1>
        <div className="actions"><OpenById /></div>
      </div>
      <SearchForm key={queryOf(search)} search={search} follow={follow} onFollow={setFollow} />
      {problem && <Problem of={problem} again={again} />}
      {!value && !problem && <p className="quiet">{text.app.loading}</p>}
      {value?.complete === false && <Incomplete search={search} oldest={found?.at(-1)?.at} />}
      {found && found.length === 0 && value?.complete !== false && <p className="empty">{text.observe.noTraces}</p>}
      {found && found.length > 0 && (
        <>
          <Scatter of={found} />
          <section>
            <h2 aria-live="polite">{text.observe.found(found.length)}</h2>
            <ol className="traces" data-testid="traces">
              {found.map((one) => <Row key={one.id} of={one} slowest={slowest} />)}
            </ol>
          </section>
        </>
      )}
    </div>
  );
}

/** Says that not everything was looked at, with a way to what is older than the oldest that was found. */
function Incomplete({ search, oldest }: { search: TraceSearch; oldest: string | undefined }) {
  const text = useText().observe;
  return (
    <p className="message tone-warn" role="status" data-testid="incomplete">
      {text.notAll}{' '}
      {oldest ? <Link to={{ page: 'traces', search: { ...search, to: oldest } }}>{text.older}</Link> : '…'}
    </p>
  );
}

function SearchForm({ search, follow, onFollow }: { search: TraceSearch; follow: boolean; onFollow: (on: boolean) => void }) {
  const text = useText().observe;
  const [asked, setAsked] = useState(search);
  const set = (part: TraceSearch) => setAsked((last) => ({ ...last, ...part }));
  return (
    <form className="finder" role="search" onSubmit={(event) => { event.preventDefault(); go({ page: 'traces', search: asked }); }}>
      <label>{text.service}<input list="known-services" value={asked.service ?? ''} onChange={(event) => set({ service: event.target.value })} data-search /></label>
      <datalist id="known-services">{[...live.services.all()].map((one) => <option key={one.name} value={one.name} />)}</datalist>
      <label className="wide">{text.operation}<input value={asked.operation ?? ''} onChange={(event) => set({ operation: event.target.value })} /></label>
      <label className="narrow">{text.minDuration}<input placeholder={text.minDurationHint} value={asked.minDuration ?? ''} onChange={(event) => set({ minDuration: event.target.value })} /></label>
      <label className="narrow">
        {text.outcome}
        <select value={asked.error ?? ''} onChange={(event) => setAsked(({ error: _, ...last }) => (event.target.value ? { ...last, error: event.target.value as 'true' | 'false' } : last))}>
          <option value="">{text.outcomes.any}</option>
          <option value="true">{text.outcomes.failed}</option>
          <option value="false">{text.outcomes.fine}</option>
        </select>
      </label>
      <label className="wide">{text.attribute}<input placeholder={text.attributeHint} value={asked.attribute ?? ''} onChange={(event) => set({ attribute: event.target.value })} /></label>
      <label className="narrow">
        {text.limit}
        <select value={asked.limit ?? '50'} onChange={(event) => set({ limit: event.target.value })}>{['20', '50', '200', '500'].map((count) => <option key={count}>{count}</option>)}</select>
      </label>
      <button type="submit" className="primary">{text.search}</button>
      <label className="check"><input type="checkbox" checked={follow} onChange={(event) => onFollow(event.target.checked)} /> {text.follow}</label>
    </form>
  );
}

function OpenById() {
  const text = useText().observe;
  const [typed, setTyped] = useState('');
  const id = traceIdOf(typed);
  return (
    <form className="by-id" onSubmit={(event) => { event.preventDefault(); if (id) go({ page: 'trace', id }); }}>
      <input aria-label={text.traceId} placeholder={text.traceId} value={typed} spellCheck={false} onChange={(event) => setTyped(event.target.value)} />
      <button type="submit" disabled={!id}>{text.open}</button>
    </form>
  );
}

const [chartWidth, chartHeight] = [1000, 90];

/** Each trace as a dot: later to the right, slower further up, failed ones as squares. */
function Scatter({ of }: { of: readonly TraceSummary[] }) {
  const text = useText().observe;
  if (of.length < 3) return null;
  return (
    <svg className="scatter" viewBox={`-8 -8 ${chartWidth + 16} ${chartHeight + 16}`} preserveAspectRatio="none" role="img" aria-label={text.scatter}>
      <title>{text.scatter}</title>
      {scatter(of).map(({ trace, x, y }) => {
        const [cx, cy] = [x * chartWidth, (1 - y) * chartHeight];
        const words = text.dot(`${trace.service} ${trace.name}`, latency(trace.durationMs), clock(new Date(trace.at)));
        const open = () => go({ page: 'trace', id: trace.id });
        return trace.errors > 0 ? (
          <rect key={trace.id} className="is-bad" x={cx - 3} y={cy - 4} width={6} height={8} onClick={open}><title>{words}</title></rect>
        ) : (
          <ellipse key={trace.id} cx={cx} cy={cy} rx={3} ry={4} onClick={open}><title>{words}</title></ellipse>
        );
      })}
    </svg>
  );
}

function Row({ of, slowest }: { of: TraceSummary; slowest: number }) {
  const text = useText().observe;
  const at = new Date(of.at);
  return (
    <li>
      <Link to={{ page: 'trace', id: of.id }} className={of.errors > 0 ? 'trace-row is-bad' : 'trace-row'}>
        <time dateTime={of.at} title={stamp(at)}>{clock(at)}</time>
        <span className="trace-name"><b>{of.service}</b> {of.name}</span>
        <span className="trace-counts quiet">{text.spanCount(of.spans)} · {text.serviceCount(of.services)}{of.errors > 0 && <strong> · {text.errorCount(of.errors)}</strong>}</span>
        <span className="trace-duration">{latency(of.durationMs)}</span>
        <span className="trace-bar" aria-hidden="true"><i style={{ width: `${Math.max(0.5, (of.durationMs / slowest) * 100)}%` }} /></span>
      </Link>
    </li>
  );
}

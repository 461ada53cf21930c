import { useState } from 'react';
import { api } from '../api/client';
import type { TraceSpan, TraceView } from '../api/observeShapes';
import { stamp } from '../domain/format';
import { bySelf, hues, span as duration } from '../domain/waterfall';
import { useLoad } from '../parts/hooks';
import { Link } from '../parts/navigation';
import { Problem } from '../parts/Problem';
import { useText } from '../parts/settings';
import { Waterfall } from '../parts/Waterfall';

/** One trace: where the time went, and each span on the time axis. */
export default function TracePage({ id }: { id: string }) {
  const text = useText();
  const { value, problem, again } = useLoad(id, (signal) => api.trace(id, signal));
  return (
    <div className="page trace-page">
      <div className="page-head">
        <h1>{value ? `${value.service} ${value.name}` : text.observe.trace}</h1>
        <code>{id}</code>
        <div className="actions"><Link className="button" to={{ page: 'logs', search: { trace: id } }}>{text.observe.logsOf}</Link><Link className="button" to={{ page: 'traces', search: {} }}>{text.observe.traces}</Link></div>
      </div>
      {problem && <Problem of={problem} again={again} />}
      {!value && !problem && <p className="quiet">{text.app.loading}</p>}
      {value && <Trace of={value} />}
    </div>
  );
}

function Trace({ of }: { of: TraceView }) {
  const text = useText().observe;
  const [selected, setSelected] = useState(0);
  const [colours] = useState(() => hues(of.spans));
  const one = of.spans[selected];
  return (
    <>
      <p className="quiet">
        {stamp(new Date(of.at))} · <strong>{duration(of.durationMs)}</strong> · {text.spanCount(of.spans.length)}{of.errors > 0 && <strong className="tone-bad form-count"> · {text.errorCount(of.errors)}</strong>}
        {of.missing > 0 && ` · ${text.missing(of.missing)}`}
      </p>
      <WhereTime of={of} colours={colours} />
      <div className="trace-columns">
        <Waterfall of={of} colours={colours} selected={selected} onSelect={setSelected} />
        {one && <SpanDetail of={one} />}
      </div>
    </>
  );
}

function WhereTime({ of, colours }: { of: TraceView; colours: ReadonlyMap<string, number> }) {
  const text = useText().observe;
  const sums = bySelf(of.spans);
  const total = sums.reduce((sum, one) => sum + one.selfMs, 0);
  if (sums.length < 2 || total <= 0) return null;
  return (
    <section aria-label={text.whereTime}>
      <h2>{text.whereTime}</h2>
      <div className="share-bar" aria-hidden="true">{sums.map((one) => <i key={one.service} className={`hue-${colours.get(one.service)}`} style={{ width: `${(one.selfMs / total) * 100}%` }} />)}</div>
      <ul className="share-legend">
        {sums.map((one) => (
          <li key={one.service}>
            <i className={`hue-${colours.get(one.service)}`} aria-hidden="true" />
            <b>{one.service}</b> {duration(one.selfMs)} <span className="quiet">{text.onCritical(duration(one.criticalMs))}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What is joined with a statement: the attribute that names it. */
const statementKeys = ['db.query.text', 'db.statement'];

function SpanDetail({ of }: { of: TraceSpan }) {
  const text = useText().observe;
  const statement = of.attributes.find(({ key }) => statementKeys.includes(key));
  return (
    <section className="span-detail" aria-label={of.name} data-testid="span">
      <h2>{of.service} <span>{of.name}</span></h2>
      {of.error && <p className="message tone-bad">{of.message || text.outcomes.failed}</p>}
      <dl className="figures">
        <div><dt>{text.duration}</dt><dd>{duration(of.durationMs)}</dd></div>
        <div><dt>{text.self}</dt><dd>{duration(of.selfMs)}</dd></div>
        <div><dt>{text.start}</dt><dd>{duration(of.startMs)}</dd></div>
        <div><dt>{text.kind}</dt><dd>{text.kinds[of.kind] ?? of.kind}</dd></div>
        {of.instance && <div><dt>{text.instance}</dt><dd>{of.instance}</dd></div>}
      </dl>
      {of.critical && <p className="quiet">◆ {text.critical}</p>}
      <p className="span-links">
        <Link to={{ page: 'traces', search: { service: of.service, operation: of.name } }}>{text.similar}</Link>
        {statement && <Link to={{ page: 'top', of: 'statements', window: '5m', service: of.service }}>{text.statement}</Link>}
      </p>
      {statement && <pre className="statement">{statement.value}</pre>}
      <h3>{text.attributes}</h3>
      {of.attributes.length === 0 ? <p className="quiet">{text.noAttributes}</p> : <Attributes of={of.attributes.filter((one) => one !== statement)} />}
      {of.events.length > 0 && (
        <>
          <h3>{text.spanEvents}</h3>
          <ol className="span-events">
            {of.events.map((event, index) => <li key={index}><b>{duration(event.atMs)}</b> {event.name}<Attributes of={event.attributes} /></li>)}
          </ol>
        </>
      )}
    </section>
  );
}

function Attributes({ of }: { of: readonly { key: string; value: string }[] }) {
  return <dl className="attributes">{of.map(({ key, value }, index) => <div key={`${key} ${index}`}><dt>{key}</dt><dd>{value}</dd></div>)}</dl>;
}

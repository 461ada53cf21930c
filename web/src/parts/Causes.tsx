import { useEffect } from 'react';
import { api } from '../api/client';
import type { Cause } from '../api/observeShapes';
import { targetRoute } from '../domain/causes';
import { clock, latency, percent, rate } from '../domain/format';
import { word } from '../domain/i18n';
import { Ago } from './Ago';
import { useLoad } from './hooks';
import { Link } from './navigation';
import { PathTable } from './Paths';
import { Problem } from './Problem';
import { useText } from './settings';

const everyMs = 5000;

function useAgain(again: () => void): void {
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && again(), everyMs);
    return () => clearInterval(timer);
  }, [again]);
}

/** The likeliest causes of what is wrong with a service, route, database, cache or queue, with their evidence. Says nothing where nothing is known of it, unless `full`. */
export function Why({ of, full = false }: { of: string; full?: boolean }) {
  const { care: text, said } = useText();
  const { value, problem, again } = useLoad(`why ${of}`, (signal) => api.why(of, signal));
  useAgain(again);
  if (problem) return full && problem.status !== 404 ? <Problem of={problem} again={again} /> : null;
  if (!value) return null;
  if (!value.symptom) return full ? <p className="empty">{text.noSymptom}</p> : null;
  return (
    <div className="why" data-testid="why">
      <p><strong>{said(value.symptom)}</strong>{value.since && <span className="quiet"> · {text.since('')}<Ago at={value.since} /></span>}</p>
      <ol className="causes" aria-label={text.likelyCause}>{value.causes.map((cause) => <CauseItem key={cause.kind + cause.target} of={cause} />)}</ol>
    </div>
  );
}

function CauseItem({ of }: { of: Cause }) {
  const { care: text, said } = useText();
  const to = targetRoute(of.target);
  return (
    <li className={of.kind === 'unknown' ? 'cause is-unknown' : 'cause'}>
      <p>
        <b>{word(text.causes, of.kind)}</b> {to ? <Link to={to}>{of.target}</Link> : <span>{of.target}</span>}
        {of.kind !== 'unknown' && <span className="quiet"> · {text.confidence(percent(of.confidence))} <meter min={0} max={1} value={of.confidence} aria-label={text.confidence(percent(of.confidence))} /></span>}
      </p>
      <ul>
        {of.evidence.map((one) => (
          <li key={one.text}>
            {said(one.text)} {one.at && <span className="quiet">{clock(new Date(one.at))}</span>} {one.trace && <Link to={{ page: 'trace', id: one.trace }}>{text.trace}</Link>}{' '}
            {one.statement && <Link to={{ page: 'why', of: one.statement }}>{text.impact}</Link>}
          </li>
        ))}
      </ul>
    </li>
  );
}

/** The public APIs that go through something, and how they fare. */
export function Impact({ of, full = false }: { of: string; full?: boolean }) {
  const text = useText();
  const { value, problem, again } = useLoad(`impact ${of}`, (signal) => api.impact(of, signal));
  useAgain(again);
  if (problem) return full ? <Problem of={problem} again={again} /> : null;
  if (!value) return null;
  const paths = value.paths && value.paths.length > 0 ? <PathTable of={value.paths} /> : null;
  if (value.apis.length === 0) return paths ?? (full ? <p className="empty">{text.care.noImpact}</p> : null);
  return (
    <>
    {paths}
    <div className="table-frame" tabIndex={0} role="region" aria-label={text.care.impact}>
      <table data-testid="impact">
        <thead>
          <tr>
            <th scope="col">{text.care.hurtApi}</th>
            <th scope="col" className="number">{text.care.share}</th>
            <th scope="col" className="number">{text.column.rate}</th>
            <th scope="col" className="number">{text.care.addedP99}</th>
            <th scope="col" className="number">{text.column.errors}</th>
          </tr>
        </thead>
        <tbody>
          {value.apis.map((one) => (
            <tr key={one.route}>
              <th scope="row"><Link to={{ page: 'traffic', about: `route/${one.route.replace(/^route\//, '')}` }}>{one.route}</Link></th>
              <td className="number">{percent(one.share)}</td>
              <td className="number">{rate(one.requestsPerSecond)}</td>
              <td className="number">{one.addedP99Ms > 0 ? `+${latency(one.addedP99Ms)}` : text.app.none}</td>
              <td className="number">{percent(one.errorRatio)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
    </>
  );
}

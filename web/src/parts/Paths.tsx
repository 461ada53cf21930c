import { useEffect, useState } from 'react';
import { api } from '../api/client';
import type { StatementPath } from '../api/observeShapes';
import { percent } from '../domain/format';
import { span as duration } from '../domain/waterfall';
import { useLoad } from './hooks';
import { Link } from './navigation';
import { Problem } from './Problem';
import { useText } from './settings';

const everyMs = 10_000;

/** Which public API runs which statement, in both directions: narrowed by a word of either. */
export function Paths({ window, service, api: ofApi }: { window: string; service: string | undefined; api: string | undefined }) {
  const text = useText().observe;
  const [word, setWord] = useState('');
  const { value, problem, again } = useLoad(`${window} ${service ?? ''} ${ofApi ?? ''}`, (signal) => api.statements(window, { ...(service && { service }), ...(ofApi && { api: ofApi }) }, signal));
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && again(), everyMs);
    return () => clearInterval(timer);
  }, [again]);
  if (problem) return <Problem of={problem} again={again} />;
  if (!value) return null;
  const wanted = word.trim().toLowerCase();
  const shown = value.filter((one) => `${one.service} ${one.statement} ${one.apiService} ${one.api}`.toLowerCase().includes(wanted));
  return (
    <section>
      <div className="page-head">
        <h2>{text.pathsTitle}</h2>
        <div className="actions"><input type="search" aria-label={text.pathsFilter} placeholder={text.pathsFilter} value={word} onChange={(event) => setWord(event.target.value)} /></div>
      </div>
      <p className="quiet">{text.pathsHint}</p>
      {value.length === 0 ? <p className="empty">{text.noPaths}</p> : <PathTable of={shown} />}
    </section>
  );
}

/** Pairs of API and statement as a table. */
export function PathTable({ of }: { of: readonly StatementPath[] }) {
  const all = useText();
  const text = all.observe;
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={text.pathsTitle}>
      <table data-testid="paths">
        <thead>
          <tr>
            <th scope="col">{text.api}</th>
            <th scope="col">{text.statement}</th>
            <th scope="col" className="number">{text.calls}</th>
            <th scope="col" className="number">{text.aRequest}</th>
            <th scope="col" className="number">{text.apiShare}</th>
            <th scope="col" className="number">{text.timeShare}</th>
            <th scope="col" className="number">{text.statementShare}</th>
            <th scope="col" className="number">{all.column.errors}</th>
            <th scope="col" className="number">{text.heat}</th>
            <th scope="col">{text.example}</th>
          </tr>
        </thead>
        <tbody>
          {of.map((one) => (
            <tr key={`${one.apiService} ${one.api} ${one.service} ${one.statement}`}>
              <th scope="row" className="names">{one.apiService ? <Link to={{ page: 'traces', search: { service: one.apiService, operation: one.api } }}><b>{one.apiService}</b> {one.api}</Link> : <span className="quiet">{text.noApi}</span>}</th>
              <td className="names is-code"><Link to={{ page: 'why', of: `statement/${one.statement}` }}><b>{one.service}</b> {one.statement}</Link></td>
              <td className="number">{one.calls}</td>
              <td className={one.callsPerRequest >= 5 ? 'number tone-warn' : 'number'}>{one.callsPerRequest}×</td>
              <td className="number">{percent(one.apiShare)}</td>
              <td className="number">{percent(one.timeShare)}</td>
              <td className="number">{percent(one.statementShare)}</td>
              <td className="number">{percent(one.errorRatio)}</td>
              <td className="number">{duration(one.heatSeconds * 1000)}</td>
              <td>{one.exemplar && <Link to={{ page: 'trace', id: one.exemplar }}><code>{one.exemplar.slice(0, 8)}</code></Link>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

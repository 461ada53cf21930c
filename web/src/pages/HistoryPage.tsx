import { useState } from 'react';
import { api } from '../api/client';
import { live } from '../api/live';
import type { ArchitectureVersion } from '../api/types';
import { stamp } from '../domain/format';
import { Changes } from '../parts/Changes';
import { useCell, useLoad } from '../parts/hooks';
import { go } from '../parts/navigation';
import { Problem } from '../parts/Problem';
import { RollbackDialog } from '../parts/RollbackDialog';
import { useText } from '../parts/settings';

/** All versions of the architecture: who, when, why, and what differs between any two. */
export default function HistoryPage({ from: askedFrom, to: askedTo }: { from: number | undefined; to: number | undefined }) {
  const text = useText();
  const current = useCell(live.architecture)?.version ?? 0;
  const { value, problem, again } = useLoad(`versions ${current}`, api.versions);
  const versions = [...(value ?? [])].sort((a, b) => b.number - a.number);
  const to = askedTo ?? versions[0]?.number;
  // The version before, which need not be one less: old ones are forgotten. 0 before the first.
  const before = (number: number) => versions.find((version) => version.number < number)?.number ?? 0;
  const from = askedFrom ?? (to !== undefined ? before(to) : undefined);
  const choose = (next: { from?: number; to?: number }) => {
    if (from === undefined || to === undefined) return;
    go({ page: 'history', from, to, ...next }, 'replace');
  };
  return (
    <div className="page">
      <h1>{text.history.title}</h1>
      {problem && <Problem of={problem} again={again} />}
      {!value && !problem && <p className="quiet">{text.app.loading}</p>}
      {value && versions.length === 0 && <p className="empty">{text.history.empty}</p>}
      {versions.length > 0 && (
        <div className="history">
          <div className="versions">
            <p className="versions-head" aria-hidden="true">
              <span>{text.column.from}</span>
              <span>{text.column.to}</span>
            </p>
            <ol aria-label={text.history.title}>
              {versions.map((version) => (
                <VersionRow key={version.number} version={version} current={version.number === current} from={from} to={to} before={before} choose={choose} />
              ))}
            </ol>
          </div>
          <Comparison from={from} to={to} versions={versions} current={current} />
        </div>
      )}
    </div>
  );
}

interface RowProps {
  version: ArchitectureVersion;
  current: boolean;
  from: number | undefined;
  to: number | undefined;
  before: (number: number) => number;
  choose: (next: { from?: number; to?: number }) => void;
}

function VersionRow({ version, current, from, to, before, choose }: RowProps) {
  const text = useText();
  const { number } = version;
  return (
    <li className={number === to ? 'version is-to' : number === from ? 'version is-from' : 'version'}>
      <input type="radio" name="from" checked={number === from} onChange={() => choose({ from: number })} aria-label={text.history.from(number)} title={text.history.from(number)} />
      <input type="radio" name="to" checked={number === to} onChange={() => choose({ to: number })} aria-label={text.history.to(number)} title={text.history.to(number)} />
      <button type="button" className="version-main" onClick={() => choose({ from: before(number), to: number })}>
        <b>#{number}</b>
        <span className="version-message">{version.message || <span className="quiet">{text.history.noMessage}</span>}</span>
        {current && <span className="tag tone-ok">{text.history.current}</span>}
        <span className="quiet version-meta">
          <time dateTime={version.at}>{stamp(new Date(version.at))}</time> · {version.by} · {text.history.count(version.changes.length)}
        </span>
      </button>
    </li>
  );
}

function Comparison({ from, to, versions, current }: { from: number | undefined; to: number | undefined; versions: readonly ArchitectureVersion[]; current: number }) {
  const text = useText();
  const [asked, setAsked] = useState(false);
  const target = versions.find((version) => version.number === to);
  // The first version has no other to differ from: its own changes are all that it declares.
  const first = from === 0 && target !== undefined;
  const known = from !== undefined && to !== undefined && !first;
  const { value, problem, again } = useLoad(known ? `${from} ${to}` : undefined, (signal) => api.diff(from!, to!, signal));
  if (from === undefined || to === undefined) return <p className="quiet">{text.history.hint}</p>;
  return (
    <section className="comparison" aria-live="polite" data-testid="diff">
      <h2>{first ? text.history.first(to) : text.history.of(from, to)}</h2>
      {target && to !== current && (
        <div className="actions">
          <button type="button" onClick={() => setAsked(true)}>{text.releases.rollback.open(to)}</button>
        </div>
      )}
      {asked && target && <RollbackDialog to={target} onClose={() => setAsked(false)} />}
      {problem && known && <Problem of={problem} again={again} />}
      {first ? <Changes changes={target.changes} /> : value && !problem && <Changes changes={value.changes} />}
    </section>
  );
}

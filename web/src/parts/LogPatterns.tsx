import { useState } from 'react';
import { api } from '../api/client';
import type { LogPattern } from '../api/observeShapes';
import { age, stamp, tally } from '../domain/format';
import { likeIt, severityTone, type LogSearch } from '../domain/logsView';
import { useLoad, useNow } from './hooks';
import { Link } from './navigation';
import { Problem } from './Problem';
import { ToneGlyph } from './glyphs';
import { useText } from './settings';

/** Similar lines of a service, or of all, counted; those that came with the last change first. */
export function LogPatterns({ search }: { search: LogSearch }) {
  const text = useText().sight;
  const { value, problem, again } = useLoad(`patterns ${search.service ?? ''}`, (signal) => api.logPatterns(search.service, signal));
  const wanted = search.text?.toLowerCase() ?? '';
  const shown = (value?.items ?? []).filter((one) => one.pattern.text.toLowerCase().includes(wanted) && one.pattern.severity >= Number(search.severity ?? 0));
  const most = Math.max(...shown.map((one) => one.pattern.count), 1);
  return (
    <section>
      <div className="page-head">
        <h2 aria-live="polite">{value && text.patternCount(shown.length, value.total)}</h2>
        <span className="quiet">{value?.since ? text.newSince(stamp(new Date(value.since))) : text.patternsHint}</span>
      </div>
      {problem && <Problem of={problem} again={again} />}
      {value && shown.length === 0 && <p className="empty">{text.noPatterns}</p>}
      <ol className="records patterns" data-testid="patterns">
        {shown.map((one) => <Pattern key={`${one.pattern.service} ${one.pattern.text}`} of={one.pattern} isNew={one.isNew} share={one.pattern.count / most} />)}
      </ol>
    </section>
  );
}

function Pattern({ of, isNew, share }: { of: LogPattern; isNew: boolean; share: number }) {
  const { sight: text, age: ages } = useText();
  const now = useNow(30_000);
  const [open, setOpen] = useState(false);
  const tone = severityTone(of.severity);
  const ago = (at: string) => {
    const [count, unit] = age(Date.parse(at), now);
    return ages[unit](count);
  };
  return (
    <li className={`record tone-${tone}`}>
      <span className="pattern-count"><b>{tally(of.count)}</b><i aria-hidden="true" style={{ width: `${Math.max(2, share * 100)}%` }} /></span>
      <span className="record-level"><ToneGlyph tone={tone} size={11} /> {isNew && <mark className="is-new">{text.isNew}</mark>}</span>
      <Link to={{ page: 'logs', search: { service: of.service, show: 'patterns' } }} className="record-who">{of.service}</Link>
      <button type="button" className="record-text" aria-expanded={open} onClick={() => setOpen(!open)}>{of.text}</button>
      <time className="pattern-age" dateTime={of.last} title={`${text.first} ${stamp(new Date(of.first))}, ${text.last} ${stamp(new Date(of.last))}`}>{ago(of.last)}</time>
      {open && (
        <dl className="attributes">
          <div><dt>{text.example}</dt><dd>{of.example}</dd></div>
          <div><dt>{text.first}</dt><dd>{stamp(new Date(of.first))}</dd></div>
          <div><dt>{text.last}</dt><dd>{stamp(new Date(of.last))}</dd></div>
          <div><dt /><dd><Link to={{ page: 'logs', search: { service: of.service, text: likeIt(of.text) } }}>{text.likeIt}</Link></dd></div>
        </dl>
      )}
    </li>
  );
}

import { useEffect, useState } from 'react';
import { api } from '../api/client';
import { live } from '../api/live';
import type { LogRecord } from '../api/observeShapes';
import { clock, fineClock, stamp } from '../domain/format';
import { askedOf, logQueryOf, pieces, severities, severityTone, volume, type LogSearch } from '../domain/logsView';
import { useLoad } from '../parts/hooks';
import { LogPatterns } from '../parts/LogPatterns';
import { go, Link } from '../parts/navigation';
import { Problem } from '../parts/Problem';
import { ToneGlyph } from '../parts/glyphs';
import { useText } from '../parts/settings';

const followMs = 2000;
/** After the last key, so that a word is asked for once. */
const restMs = 250;

/** The log records of all services: searched as one types, followed, and joined with their traces. */
export default function LogsPage({ search }: { search: LogSearch }) {
  const text = useText().care;
  const [follow, setFollow] = useState(true);
  const patterns = search.show === 'patterns';
  const { value, problem, again } = useLoad(patterns ? undefined : askedOf(search), (signal) => api.logRecords(search, signal));
  useEffect(() => {
    if (!follow || patterns) return;
    const timer = setInterval(() => !document.hidden && again(), followMs);
    return () => clearInterval(timer);
  }, [follow, again, patterns]);
  return (
    <div className="page">
      <div className="page-head">
        <h1>{text.logs}</h1>
        <Shown search={search} />
      </div>
      <SearchForm search={search} follow={follow} onFollow={setFollow} />
      {patterns && <LogPatterns search={search} />}
      {!patterns && problem && <Problem of={problem} again={again} />}
      {!patterns && value && value.length === 0 && <p className="empty">{text.noLogs}</p>}
      {!patterns && value && value.length > 0 && (
        <>
          <Volume of={value} />
          <section>
            <h2>{text.records(value.length)}</h2>
            <ol className="records" data-testid="records">{value.map((one, index) => <Row key={one.at + one.instance + index} of={one} wanted={search.text ?? ''} />)}</ol>
          </section>
        </>
      )}
    </div>
  );
}

function Shown({ search }: { search: LogSearch }) {
  const text = useText().sight;
  const { show: _, ...records } = search;
  const patterns = search.show === 'patterns';
  return (
    <div className="switch" role="group" aria-label={text.show}>
      <button type="button" aria-pressed={!patterns} onClick={() => go({ page: 'logs', search: records })}>{text.records}</button>
      <button type="button" aria-pressed={patterns} onClick={() => go({ page: 'logs', search: { ...records, show: 'patterns' } })} data-testid="show-patterns">{text.patterns}</button>
    </div>
  );
}

function SearchForm({ search, follow, onFollow }: { search: LogSearch; follow: boolean; onFollow: (on: boolean) => void }) {
  const text = useText().care;
  const [asked, setAsked] = useState(search);
  const set = (part: LogSearch) => setAsked((last) => ({ ...last, ...part }));
  useEffect(() => {
    if (logQueryOf(asked) === logQueryOf(search)) return;
    const timer = setTimeout(() => go({ page: 'logs', search: asked }, 'replace'), restMs);
    return () => clearTimeout(timer);
    // What is typed decides; the page's own answer to it does not.
  }, [asked]);
  // Another page may lead here with another search.
  useEffect(() => {
    if (logQueryOf(asked) !== logQueryOf(search)) setAsked(search);
  }, [search.trace, search.service, search.show]);
  return (
    <form className="finder" role="search" onSubmit={(event) => { event.preventDefault(); go({ page: 'logs', search: asked }); }}>
      <label className="wide">{text.search}<input type="search" data-search value={asked.text ?? ''} onChange={(event) => set({ text: event.target.value })} /></label>
      <label>{text.service}<input list="log-services" value={asked.service ?? ''} onChange={(event) => set({ service: event.target.value })} /></label>
      <datalist id="log-services">{[...live.services.all()].map((one) => <option key={one.name} value={one.name} />)}</datalist>
      <label className="narrow">
        {text.severity}
        <select value={asked.severity ?? '0'} onChange={(event) => set({ severity: event.target.value })}>{severities.map((one) => <option key={one} value={one}>{text.severities[one]}</option>)}</select>
      </label>
      <label>{text.trace}<input value={asked.trace ?? ''} spellCheck={false} onChange={(event) => set({ trace: event.target.value.trim() })} /></label>
      {logQueryOf(asked) && <button type="button" onClick={() => setAsked({ text: '', service: '', severity: '0', trace: '', ...(search.show && { show: search.show }) })}>{text.clear}</button>}
      <label className="check"><input type="checkbox" checked={follow} onChange={(event) => onFollow(event.target.checked)} /> {text.follow}</label>
    </form>
  );
}

function Volume({ of }: { of: readonly LogRecord[] }) {
  const text = useText().care;
  const parts = volume(of, 60);
  const most = Math.max(...parts.map((one) => one.all));
  return (
    <div className="volume" role="img" aria-label={text.volume}>
      {parts.map((one) => (
        <span key={one.at} title={`${clock(new Date(one.at))}: ${one.all}`} style={{ height: `${(one.all / most) * 100}%` }}>
          {one.bad > 0 && <i style={{ height: `${(one.bad / one.all) * 100}%` }} />}
        </span>
      ))}
    </div>
  );
}

function Row({ of, wanted }: { of: LogRecord; wanted: string }) {
  const [open, setOpen] = useState(false);
  const at = new Date(of.at);
  const text = useText().care;
  return (
    <li className={`record tone-${severityTone(of.severity)}`}>
      <time dateTime={of.at} title={stamp(at)}>{fineClock(at)}</time>
      <span className="record-level"><ToneGlyph tone={severityTone(of.severity)} size={11} /> {of.level || (of.severity > 0 ? of.severity : '')}</span>
      <Link to={{ page: 'logs', search: { service: of.service } }} className="record-who">{of.service}</Link>
      <button type="button" className="record-text" aria-expanded={open} onClick={() => setOpen(!open)}>
        {pieces(of.message, wanted).map((piece, index) => (index % 2 === 1 ? <mark key={index}>{piece}</mark> : piece))}
      </button>
      {of.trace && <Link to={{ page: 'trace', id: of.trace }} className="record-trace">{text.trace}</Link>}
      {open && (
        <dl className="attributes">
          {of.instance && <div><dt>service.instance.id</dt><dd>{of.instance}</dd></div>}
          {of.attributes.map(({ key, value }, index) => <div key={key + index}><dt>{key}</dt><dd>{value}</dd></div>)}
        </dl>
      )}
    </li>
  );
}

import { useState } from 'react';
import { api } from '../api/client';
import type { Incident } from '../api/types';
import { targetRoute } from '../domain/causes';
import { age, clock, percent, stamp } from '../domain/format';
import { word } from '../domain/i18n';
import { goingOn, incidentTone, lengthMs, ordered, timeline } from '../domain/incidents';
import { Badge, CriticalityBadge } from '../parts/Badges';
import { Confirm } from '../parts/Confirm';
import { ToneGlyph } from '../parts/glyphs';
import { useLoad, useNow } from '../parts/hooks';
import { Link } from '../parts/navigation';
import { useText } from '../parts/settings';
import { useWatched } from '../parts/watched';

/** All incidents, and one of them in full: what was felt, why, who is hurt, what is to be done, and all of it in order of time. */
export default function IncidentsPage({ name }: { name: string | undefined }) {
  const text = useText();
  const all = useWatched<Incident>('incidents');
  const one = all?.find((incident) => incident.name === name);
  return (
    <div className="page">
      <div className="page-head">
        <h1>{text.incident.title}</h1>
        {all && <span className={`tag tone-${goingOn(all).length > 0 ? 'bad' : 'ok'}`}>{text.incident.count(goingOn(all).length)}</span>}
        <div className="actions"><Link className="button" to={{ page: 'now' }}>{text.care.now}</Link></div>
      </div>
      {!all && <p className="quiet">{text.app.loading}</p>}
      {name && all && !one && <p className="empty">{text.incident.missing(name)}</p>}
      {one && <Detail key={one.name} of={one} />}
      {all?.length === 0 && <p className="empty">{text.incident.none}</p>}
      {all && all.length > 0 && (
        <ul className="incidents" data-testid="incidents">{ordered(all).map((incident) => <Row key={incident.name} of={incident} selected={incident.name === name} />)}</ul>
      )}
    </div>
  );
}

function Length({ of }: { of: Incident }) {
  const text = useText();
  const now = useNow(1000);
  const [count, unit] = age(0, lengthMs(of, now));
  return <>{of.state === 'resolved' ? text.incident.lasted(text.age[unit](count)) : text.care.since(text.age[unit](count))}</>;
}

function Row({ of, selected }: { of: Incident; selected: boolean }) {
  const text = useText();
  const cause = of.causes[0];
  return (
    <li className={selected ? 'incident-row is-selected' : 'incident-row'}>
      <Badge tone={incidentTone(of)} words={text.incident.state[of.state]} />
      <span className="incident-title"><Link to={{ page: 'incidents', name: of.name }}>{text.said(of.title)}</Link></span>
      <CriticalityBadge of={of.criticality} />
      <span className="quiet">{cause && `${word(text.care.causes, cause.kind)} ${cause.target}`}</span>
      <span className="quiet"><time dateTime={of.began}>{stamp(new Date(of.began))}</time> · <Length of={of} /></span>
    </li>
  );
}

function Detail({ of }: { of: Incident }) {
  const text = useText();
  const [asked, setAsked] = useState<'ack' | 'resolve' | 'silence'>();
  const [span, setSpan] = useState('1h');
  const over = of.state === 'resolved';
  return (
    <section className={`trouble tone-${incidentTone(of)}`} aria-label={text.said(of.title)} data-testid="incident">
      <header>
        <ToneGlyph tone={incidentTone(of)} size={20} />
        <h2>{text.said(of.title)}</h2>
        <CriticalityBadge of={of.criticality} />
        <span className="quiet">{text.incident.state[of.state]}{of.acknowledgedBy && ` · ${of.acknowledgedBy}`} · <Length of={of} />{of.reopened > 0 && ` · ${text.incident.reopened(of.reopened)}`}</span>
        {!over && (
          <div className="actions">
            {of.state === 'open' && <button type="button" onClick={() => setAsked('ack')}>{text.incident.ack}</button>}
            <button type="button" onClick={() => setAsked('silence')}>{text.incident.silence}</button>
            <button type="button" onClick={() => setAsked('resolve')}>{text.incident.resolve}</button>
          </div>
        )}
      </header>
      {of.silentUntil && <p className="quiet">{text.incident.silentUntil(stamp(new Date(of.silentUntil)))}</p>}
      <div className="columns">
        <div>
          <h3>{text.care.likelyCause}</h3>
          <Causes of={of} />
          <h3>{text.incident.actions}</h3>
          <Actions of={of} />
        </div>
        <div>
          <h3>{text.incident.timeline}</h3>
          <Timeline of={of} />
          {Object.keys(of.told).length > 0 && <p className="quiet">{text.incident.told}: {Object.entries(of.told).map(([who, what]) => `${who} (${what})`).join(', ')}</p>}
        </div>
      </div>
      {asked && (
        <Confirm title={text.incident.ask[asked](text.said(of.title))} action={text.incident[asked]} act={() => api.changeIncident(of.name, asked, asked === 'silence' ? span : undefined)} onClose={() => setAsked(undefined)}>
          <p className="quiet">{text.incident.askHint[asked]}</p>
          {asked === 'silence' && <label className="field">{text.traffic.span}<input required value={span} onChange={(event) => setSpan(event.target.value)} /></label>}
        </Confirm>
      )}
    </section>
  );
}

function Causes({ of }: { of: Incident }) {
  const { care: text, said } = useText();
  if (of.causes.length === 0) return <p className="quiet">{text.causes.unknown}</p>;
  return (
    <ol className="causes">
      {of.causes.map((cause) => {
        const to = targetRoute(cause.target);
        return (
          <li key={cause.kind + cause.target} className={cause.kind === 'unknown' ? 'cause is-unknown' : 'cause'}>
            <p><b>{word(text.causes, cause.kind)}</b> {to ? <Link to={to}>{cause.target}</Link> : cause.target}{cause.kind !== 'unknown' && <span className="quiet"> · {text.confidence(percent(cause.confidence))}</span>}</p>
            <ul>{cause.evidence.map((one) => <li key={one}>{said(one)}</li>)}</ul>
          </li>
        );
      })}
    </ol>
  );
}

function Actions({ of }: { of: Incident }) {
  const { incident: text, said } = useText();
  if (of.actions.length === 0) return <p className="quiet">{text.noActions}</p>;
  return (
    <ul className="incident-actions">
      {of.actions.map((action) => (
        <li key={action.id}>
          <p><span className="tag">{text.action[action.state]}</span> {said(action.text)}</p>
          {action.how && <Command of={action.how} />}
          {action.undo && <p className="quiet">{text.undo} <code>{action.undo}</code></p>}
          {action.verdict && <p><strong>{said(action.verdict)}</strong></p>}
        </li>
      ))}
    </ul>
  );
}

function Command({ of }: { of: string }) {
  const text = useText().app;
  return (
    <p className="command">
      <code>{of}</code>
      <button type="button" onClick={() => void navigator.clipboard?.writeText(of)} aria-label={`${text.copy} ${of}`}>{text.copy}</button>
    </p>
  );
}

function Timeline({ of }: { of: Incident }) {
  const { incident: text, said } = useText();
  const versions = useLoad(of.name, api.versions).value ?? [];
  const events = useLoad(`${of.name} ${of.state} ${of.symptoms.length}`, (signal) => api.eventsAbout(`incident/${of.name}`, 50, signal)).value ?? [];
  return (
    <ol className="timeline">
      {timeline(of, versions, events).map((moment, index) => {
        const to = moment.version !== undefined ? ({ page: 'history', from: moment.version - 1, to: moment.version } as const) : moment.about ? targetRoute(moment.about) : undefined;
        return (
          <li key={index} className={`is-${moment.what}`}>
            <time dateTime={moment.at} title={stamp(new Date(moment.at))}>{clock(new Date(moment.at))}</time>
            <span><b>{text.moment[moment.what]}</b>{moment.version !== undefined && ` #${moment.version}`} {said(moment.words)} {to && moment.about && <Link to={to}>{moment.about}</Link>}{to && moment.version !== undefined && <Link to={to}>{text.difference}</Link>}</span>
          </li>
        );
      })}
    </ol>
  );
}

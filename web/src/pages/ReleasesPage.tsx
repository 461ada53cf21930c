import { useState } from 'react';
import { api } from '../api/client';
import type { ReleaseRecord, ReleaseReport, ReleaseStatus, Service } from '../api/types';
import { clock, stamp } from '../domain/format';
import { actsFor, errorShare, fraction, isOver, odds, pastOf, span, stageTone, tookMs, underWay, type RolloutAct } from '../domain/releases';
import { Badge } from '../parts/Badges';
import { Confirm } from '../parts/Confirm';
import { EventList } from '../parts/EventList';
import { useLoad, useNow } from '../parts/hooks';
import { go, Link } from '../parts/navigation';
import { useText } from '../parts/settings';
import { useWatched } from '../parts/watched';

/** The releases that are under way, with the new version against the old one, and those that have ended. */
export default function ReleasesPage({ name }: { name: string | undefined }) {
  const text = useText();
  const services = useWatched<Service>('services')?.filter((service) => !service.removed);
  const records = useWatched<ReleaseRecord>('releases');
  const open = underWay(services ?? []);
  const past = pastOf(records ?? [], name);
  return (
    <div className="page releases">
      <h1>{text.releases.title}</h1>
      {(!services || !records) && <p className="quiet">{text.app.loading}</p>}
      {services && records && open.length === 0 && records.length === 0 && <p className="empty">{text.releases.none}</p>}
      {services && records && (open.length > 0 || records.length > 0) && (
        <>
          <section aria-label={text.releases.underWay}>
            <h2>{text.releases.underWay}</h2>
            {open.length === 0 && <p className="quiet">{text.releases.quiet}</p>}
            {open.map((service) => <UnderWay key={service.name} of={service} />)}
          </section>
          <section data-testid="past-releases">
            <h2>{name ? text.releases.pastOf(name) : text.releases.past}</h2>
            <label className="field inline">
              {text.releases.service}
              <select value={name ?? ''} onChange={(event) => go({ page: 'releases', ...(event.target.value && { name: event.target.value }) }, 'replace')}>
                <option value="">{text.releases.all}</option>
                {[...new Set([...(records ?? []).map((record) => record.service), ...(name ? [name] : [])])].sort().map((one) => <option key={one}>{one}</option>)}
              </select>
            </label>
            <Past of={past} />
          </section>
        </>
      )}
    </div>
  );
}

function UnderWay({ of }: { of: Service }) {
  const text = useText().releases;
  const now = useNow(2000);
  const { value } = useLoad(`rollout ${of.name} ${now}`, (signal) => api.rollout(of.name, signal));
  const [asked, setAsked] = useState<RolloutAct>();
  const release = of.status.release!;
  const steps = of.spec.release?.steps?.length ?? 3;
  const held = of.release?.to === release.to && of.release.paused;
  return (
    <article className="release" data-testid={`release-${of.name}`}>
      <header>
        <h3><Link to={{ page: 'service', name: of.name }}>{of.name}</Link> {text.fromTo(release.from, release.version)}</h3>
        <Badge tone={stageTone(release.stage)} words={text.stage[release.stage]} />
        <span className="tag">{text.strategy[release.strategy]}</span>
        {release.group && <span className="tag">{text.group(release.group)}</span>}
        {release.strategy === 'canary' && release.stage !== 'promoting' && release.step < steps && <span className="quiet">{text.step(release.step + 1, steps)}</span>}
      </header>
      <div className="release-bar">
        <meter min={0} max={1} value={fraction(release.share)} aria-label={text.share(release.share)} />
        <span>{text.share(release.share)}</span>
      </div>
      <p className="quiet">
        {text.since(stamp(new Date(release.since)))}
        {release.until && !held && <> · {text.next(clock(new Date(release.until)))}</>}
        {release.stage === 'waiting' && <> · {text.gate}</>}
        {release.declared > 0 && <> · <Link to={{ page: 'history', to: release.declared }}>{text.declared(release.declared)}</Link></>}
      </p>
      {of.status.message && <p className="message">{of.status.message}</p>}
      <div className="actions">
        {actsFor(release, held === true).map((act) => <button key={act} type="button" onClick={() => setAsked(act)} aria-label={`${text.act[act]} ${of.name}`}>{text.act[act]}</button>)}
      </div>
      <Way of={release} />
      {value?.report ? <Report of={value.report} release={release} about={of.name} /> : <p className="quiet">{text.notCompared}</p>}
      {asked && <Ask act={asked} service={of.name} onClose={() => setAsked(undefined)} />}
    </article>
  );
}

function Ask({ act, service, onClose }: { act: RolloutAct; service: string; onClose: () => void }) {
  const text = useText().releases;
  const [message, setMessage] = useState('');
  return (
    <Confirm title={text.ask[act](service)} action={text.act[act]} act={() => api.sayRollout(service, act, message)} onClose={onClose}>
      <p className="quiet">{text.hint[act]}</p>
      <label className="field">
        {text.message}
        <input value={message} maxLength={1000} onChange={(event) => setMessage(event.target.value)} />
      </label>
    </Confirm>
  );
}

/** The points of a release, each with the share from then on. */
function Way({ of }: { of: ReleaseStatus }) {
  const text = useText().releases;
  const marks = of.marks ?? [];
  if (marks.length === 0) return null;
  return (
    <ol className="release-way" aria-label={text.way}>
      {marks.map((mark, index) => (
        <li key={index} className={`tone-${stageTone(mark.stage)}`}>
          <span className="release-level" aria-hidden="true"><i style={{ height: `${Math.max(4, 100 * fraction(mark.share))}%` }} /></span>
          <span>{text.stage[mark.stage]}</span>
          <b>{mark.share}</b>
          <time dateTime={mark.at} className="quiet">{clock(new Date(mark.at))}</time>
        </li>
      ))}
    </ol>
  );
}

const milliseconds = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

function Report({ of, release, about }: { of: ReleaseReport; release: ReleaseStatus; about: string }) {
  const text = useText().releases;
  const label = `${text.figures}: ${about}`;
  const tone = of.verdict === 'harmful' ? 'bad' : of.verdict === 'noHarm' ? 'ok' : 'idle';
  return (
    <div className="release-report" data-testid="report">
      <p><Badge tone={tone} words={text.verdict[of.verdict]} /> {of.message.replace(/^(no harm seen|undecided): /, '')}</p>
      <div className="table-frame" tabIndex={0} role="region" aria-label={label}>
        <table>
          <thead>
            <tr>{[text.version, text.requests, text.errors, 'p50', 'p90', 'p99'].map((title, index) => <th key={title} scope="col" className={index > 0 ? 'number' : undefined}>{title}</th>)}</tr>
          </thead>
          <tbody>
            {([[text.old, release.from, of.old], [text.fresh, release.version, of.new]] as const).map(([word, version, figures]) => (
              <tr key={word}>
                <th scope="row">{version} <span className="quiet">{word}</span></th>
                <td className="number">{figures.requests}</td>
                <td className="number">{errorShare(figures)}</td>
                {[figures.p50Ms, figures.p90Ms, figures.p99Ms].map((value, index) => <td key={index} className="number">{figures.requests === 0 ? '–' : milliseconds(value)}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {of.callees && of.callees.length > 0 && <Callees of={of.callees} about={about} />}
      {of.verdict !== 'undecided' && <p className="quiet">{text.evidence(odds(of.errorEvidence), odds(of.slowEvidence))} {text.effect(of.effect.toFixed(2))}</p>}
    </div>
  );
}

/** What both versions do to those whom they call. */
function Callees({ of, about }: { of: NonNullable<ReleaseReport['callees']>; about: string }) {
  const text = useText().releases;
  const label = `${text.calls}: ${about}`;
  return (
    <>
      <h4>{text.calls}</h4>
      <div className="table-frame" tabIndex={0} role="region" aria-label={label}>
        <table data-testid="callees">
          <thead>
            <tr>{[text.callee, text.perRequest, text.errors, 'p99', text.oddsHead].map((title, index) => <th key={title} scope="col" className={index > 0 ? 'number' : undefined}>{title}</th>)}</tr>
          </thead>
          <tbody>
            {of.map((callee) => (
              <tr key={callee.name}>
                <th scope="row" className="release-callee">{callee.name}</th>
                <td className="number">{callee.oldRate.toFixed(2)} → {callee.newRate.toFixed(2)}</td>
                <td className="number">{errorShare(callee.old)} → {errorShare(callee.new)}</td>
                <td className="number">{milliseconds(callee.old.p99Ms)} → {milliseconds(callee.new.p99Ms)}</td>
                <td className="number">{odds(callee.evidence)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Past({ of }: { of: readonly ReleaseRecord[] }) {
  const text = useText().releases;
  const [shown, setShown] = useState<string>();
  const one = of.find((record) => record.name === shown);
  if (of.length === 0) return null;
  return (
    <>
      <div className="table-frame" tabIndex={0} role="region" aria-label={text.past}>
        <table>
          <thead>
            <tr>{[text.number, text.versions, text.strategyHead, text.outcome, text.began, text.took, text.errors, text.p99, text.why].map((title) => <th key={title} scope="col">{title}</th>)}</tr>
          </thead>
          <tbody>
            {of.map(({ name, service, number, release, report }) => (
              <tr key={name}>
                <th scope="row"><button type="button" className="link" aria-expanded={name === shown} onClick={() => setShown(name === shown ? undefined : name)}>{service} #{number}</button></th>
                <td>{text.fromTo(release.from, release.version)}</td>
                <td>{text.strategy[release.strategy]}{release.group && ` · ${text.group(release.group)}`}</td>
                <td><Badge tone={stageTone(release.stage)} words={text.stage[release.stage]} /></td>
                <td><time dateTime={release.began}>{stamp(new Date(release.began))}</time></td>
                <td className="number">{span(tookMs(release))}</td>
                <td className="number">{report ? `${errorShare(report.old)} → ${errorShare(report.new)}` : '–'}</td>
                <td className="number">{report ? `${milliseconds(report.old.p99Ms)} → ${milliseconds(report.new.p99Ms)}` : '–'}</td>
                <td className="release-why">{release.why || '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {one && <Details key={one.name} of={one} />}
    </>
  );
}

// Some events are said a moment before the release counts as begun, or after it counts as ended.
const aroundMs = 5000;

function Details({ of }: { of: ReleaseRecord }) {
  const text = useText().releases;
  const { value } = useLoad(`events ${of.name}`, (signal) => api.eventsAbout(`service/${of.service}`, 500, signal));
  const [from, to] = [Date.parse(of.release.began) - aroundMs, Date.parse(of.release.since) + aroundMs];
  const events = (value ?? []).filter(({ at }) => Date.parse(at) >= from && Date.parse(at) <= to).sort((a, b) => a.at.localeCompare(b.at));
  return (
    <article className="release" data-testid="release-details">
      <header>
        <h3>{of.service} #{of.number}: {text.fromTo(of.release.from, of.release.version)}</h3>
        <Badge tone={stageTone(of.release.stage)} words={text.stage[of.release.stage]} />
      </header>
      {of.release.why && <p className="message">{of.release.why}</p>}
      <Way of={of.release} />
      {of.report ? <Report of={of.report} release={of.release} about={`${of.service} #${of.number}`} /> : isOver(of.release) && <p className="quiet">{text.notCompared}</p>}
      <h4>{text.events}</h4>
      {value && events.length === 0 && <p className="quiet">{text.noEvents}</p>}
      <EventList events={events} about={false} />
    </article>
  );
}

import { useEffect } from 'react';
import { api } from '../api/client';
import { live } from '../api/live';
import type { TrafficAnswer } from '../api/trafficShapes';
import type { Incident } from '../api/types';
import { troubles, type Sign, type Trouble } from '../domain/emergency';
import { age, percent } from '../domain/format';
import { word } from '../domain/i18n';
import { goingOn, incidentTone } from '../domain/incidents';
import { actOf } from '../domain/policies';
import { Ago } from '../parts/Ago';
import { Badge, CriticalityBadge, stateWords } from '../parts/Badges';
import { Why } from '../parts/Causes';
import { ToneGlyph } from '../parts/glyphs';
import { useCell, useLoad, useNow } from '../parts/hooks';
import { Link } from '../parts/navigation';
import { useText } from '../parts/settings';
import { useTraffic } from '../parts/traffic';
import { useWatched } from '../parts/watched';

const hourMs = 3_600_000;

/** The emergency: what is wrong now, since when, who is hurt, what changed, what is done, and the ways to look closer. */
export default function NowPage() {
  const text = useText();
  const incidents = goingOn(useWatched<Incident>('incidents') ?? []);
  useCell(live.map.tick);
  useEffect(() => live.watchMap(), []);
  const { traffic } = useTraffic();
  const hosts = useCell(live.hosts);
  const found = troubles({ services: [...live.services.all()], hosts, edges: [...live.map.edges.all()], traffic });
  return (
    <div className="page">
      <div className="page-head">
        <h1>{text.care.emergency}</h1>
        {found.length > 0 && <span className="tag tone-bad">{text.care.count(found.length)}</span>}
        <div className="actions"><Link className="button" to={{ page: 'incidents' }}>{text.incident.title}</Link><Link className="button" to={{ page: 'checkup' }}>{text.care.checkup}</Link></div>
      </div>
      {incidents.length > 0 && (
        <ul className="incidents" data-testid="incidents">
          {incidents.map((one) => (
            <li key={one.name} className="incident-row">
              <Badge tone={incidentTone(one)} words={text.incident.state[one.state]} />
              <span className="incident-title"><Link to={{ page: 'incidents', name: one.name }}>{text.said(one.title)}</Link></span>
              <CriticalityBadge of={one.criticality} />
              <span className="quiet">{one.causes[0] && word(text.care.causes, one.causes[0].kind)} · {text.care.since('')}<Ago at={one.began} /></span>
            </li>
          ))}
        </ul>
      )}
      {found.length === 0 && incidents.length === 0 && (
        <p className="all-well" data-testid="quiet"><ToneGlyph tone="ok" size={22} /> <strong>{text.care.quiet}</strong> <span className="quiet">{text.care.quietHint}</span></p>
      )}
      <div className="troubles" aria-live="polite">{found.map((one) => <Card key={one.kind + one.name} of={one} traffic={traffic} />)}</div>
      <Findings />
      <div className="columns">
        <Changed />
        <Done traffic={traffic} />
      </div>
    </div>
  );
}

function Card({ of, traffic }: { of: Trouble; traffic: TrafficAnswer | undefined }) {
  const text = useText();
  const service = of.kind === 'service' && of.name !== 'gateway';
  const shownHurt = of.hurt.slice(0, 12);
  return (
    <section className={`trouble tone-${of.tone}`} aria-label={of.name} data-testid="trouble">
      <header>
        <ToneGlyph tone={of.tone} size={20} />
        <h2>{service ? <Link to={{ page: 'service', name: of.name }}>{of.name}</Link> : of.name}</h2>
        {of.since && <span className="quiet">{text.care.since('')}<Ago at={of.since} /></span>}
      </header>
      <ul className="signs">{of.signs.map((sign, index) => <li key={index}><SignWords of={sign} /></li>)}</ul>
      {of.kind !== 'host' && <Why of={of.name} />}
      {of.symptoms.length > 0 && <p><span className="quiet">{text.care.symptoms}:</span> {of.symptoms.map((name) => <Link key={name} className="name" to={{ page: 'service', name }}>{name}</Link>)}</p>}
      <p>
        <span className="quiet">{text.care.hurt}:</span>{' '}
        {of.hurt.length === 0 ? text.care.hurtNobody : shownHurt.map(({ id, steps }) => <Link key={id} className="name" to={{ page: 'map', selected: id }} title={text.inspector.steps(steps)}>{id}</Link>)}
        {of.hurt.length > shownHurt.length && ` +${of.hurt.length - shownHurt.length}`}
        {of.critical && of.hurt.length > 0 && <strong> · {text.care.criticalHurt}</strong>}
      </p>
      <nav className="span-links" aria-label={`${text.care.lookAt}: ${of.name}`}>
        <Link to={{ page: 'why', of: of.kind === 'host' ? `host/${of.name}` : of.name }}>{text.care.whyTitle}</Link>
        {service && <Link to={{ page: 'traces', search: { service: of.name, error: 'true' } }}>{text.care.failedTraces}</Link>}
        {service && <Link to={{ page: 'logs', search: { service: of.name, severity: '13' } }}>{text.care.logs}</Link>}
        {service && <Link to={{ page: 'top', of: 'statements', window: '5m', service: of.name }}>{text.care.statements}</Link>}
        {of.kind === 'host' ? <Link to={{ page: 'hosts' }}>{text.hosts.title}</Link> : <Link to={{ page: 'map', selected: of.name }}>{text.care.onMap}</Link>}
        {traffic?.ways.filter((way) => way.to === of.name || way.about === of.name).slice(0, 3).map((way) => <Link key={way.about} to={{ page: 'traffic', about: way.about }}>{way.about}</Link>)}
      </nav>
    </section>
  );
}

function SignWords({ of }: { of: Sign }) {
  const text = useText();
  switch (of.kind) {
    case 'service':
      return <><strong>{stateWords(text, of)}</strong>{of.message && `: ${of.message}`}</>;
    case 'errors':
      return <strong>{text.care.errorsOf(percent(of.ratio ?? 0))}</strong>;
    case 'policy':
      return <><strong>{text.care.policyOf(of.reason, of.state, of.about)}</strong>{of.message && `: ${of.message}`}</>;
    case 'host':
      return <strong>{word(text.reason, of.reason)}: {text.care.hostLost}</strong>;
  }
}

/** What is wrong with the dependencies themselves, whether or not it hurts at present. */
function Findings() {
  const { care: text, said } = useText();
  const found = useCell(live.map.findings);
  if (found.length === 0) return null;
  return (
    <section>
      <h2>{text.findings} <span className="count">{found.length}</span></h2>
      <ul className="findings" data-testid="findings">
        {found.map((one) => (
          <li key={one.kind + one.path.join()}>
            <ToneGlyph tone="warn" />
            <strong>{word(text.finding, one.kind)}</strong> {said(one.message)} {one.trace && <Link to={{ page: 'trace', id: one.trace }}>{text.trace}</Link>}
            <span className="quiet">{said(one.remedy)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Changed() {
  const text = useText();
  const version = useCell(live.architecture)?.version ?? 0;
  const { value } = useLoad(String(version), api.versions);
  const now = useNow(10_000);
  const late = (value ?? []).filter((one) => now - Date.parse(one.at) < hourMs).sort((a, b) => b.number - a.number);
  return (
    <section>
      <h2>{text.care.changed}</h2>
      {late.length === 0 ? (
        <p className="empty">{text.care.nothingChanged}</p>
      ) : (
        <ol className="versions-short">
          {late.map((one) => (
            <li key={one.number}>
              <Link to={{ page: 'history', from: one.number - 1, to: one.number }}>#{one.number}</Link>
              <Ago at={one.at} />
              <span>{one.message || text.history.noMessage}</span>
              <span className="quiet">{one.by}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Done({ traffic }: { traffic: TrafficAnswer | undefined }) {
  const text = useText();
  const now = useNow(1000);
  const acts = traffic?.interventions ?? [];
  return (
    <section>
      <h2>{text.care.done}</h2>
      {acts.length === 0 ? (
        <p className="empty">{text.care.nothingDone}</p>
      ) : (
        <ul className="versions-short">
          {acts.map((one) => {
            const [count, unit] = age(now, Date.parse(one.until));
            return <li key={one.name}><Link to={{ page: 'traffic', about: one.about }}>{one.about}</Link><strong>{actOf(one)}</strong><span>{one.reason}</span><span className="quiet">{text.traffic.endsIn} {text.age[unit](count)}</span></li>;
          })}
        </ul>
      )}
    </section>
  );
}

import { useState } from 'react';
import { api } from '../api/client';
import { live } from '../api/live';
import type { TrafficNotice, TrafficWay } from '../api/trafficShapes';
import type { Intervention } from '../api/types';
import { age, clock, latency, percent, rate, stamp } from '../domain/format';
import { actOf, bars, figure, grouped, noticesOf, policyTone, rangeOf, subjects } from '../domain/policies';
import { trendKey, type PolicyTrend as Trend, type Trends } from '../domain/trends';
import { Badge } from '../parts/Badges';
import { Bans } from '../parts/Bans';
import { Caches } from '../parts/Caches';
import { Confirm } from '../parts/Confirm';
import { ExplainForm } from '../parts/ExplainForm';
import { ToneGlyph } from '../parts/glyphs';
import { useCell, useNow } from '../parts/hooks';
import { InterventionDialog } from '../parts/InterventionDialog';
import { go, Link } from '../parts/navigation';
import { PolicyTrend } from '../parts/PolicyTrend';
import { useText } from '../parts/settings';
import { RedCharts } from '../parts/RedCharts';
import { Split } from '../parts/Split';
import { useTraffic } from '../parts/traffic';

/** Every way into and through the architecture, how its policies stand, and what is done to it. */
export default function TrafficPage({ selected }: { selected: string | undefined }) {
  const text = useText();
  const { traffic, trends } = useTraffic();
  const [intervening, setIntervening] = useState(false);
  const way = traffic?.ways.find((one) => one.about === selected);
  if (!traffic) return <div className="page"><h1>{text.traffic.title}</h1><p className="quiet">{text.app.loading}</p></div>;
  return (
    <div className="page">
      <div className="page-head">
        <h1>{text.traffic.title}</h1>
        <div className="actions">
          <Link className="button" to={{ page: 'policies', about: 'gateway/gateway' }}>{text.policies.ofGateway}</Link>
          <button type="button" onClick={() => setIntervening(true)}>{text.traffic.intervene}</button>
        </div>
      </div>
      <Ways ways={traffic.ways} selected={selected} />
      {way && <Way of={way} notices={noticesOf(traffic, way.about)} trends={trends} />}
      <Switchboard interventions={traffic.interventions} />
      <Bans of={traffic} />
      <Caches ways={traffic.ways} />
      <ExplainForm />
      <section>
        <h2>{text.traffic.happened}</h2>
        <Notices of={traffic.notices} />
      </section>
      {intervening && <InterventionDialog subjects={subjects(traffic)} about={selected} onClose={() => setIntervening(false)} />}
    </div>
  );
}

function Ways({ ways, selected }: { ways: readonly TrafficWay[]; selected: string | undefined }) {
  const text = useText();
  if (ways.length === 0) return <p className="empty">{text.traffic.empty}</p>;
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={text.traffic.ways}>
      <table>
        <thead>
          <tr>
            <th scope="col">{text.traffic.way}</th>
            <th scope="col">{text.traffic.to}</th>
            <th scope="col" className="number">{text.column.rate}</th>
            <th scope="col" className="number">{text.column.errors}</th>
            <th scope="col" className="number">{text.column.p50}</th>
            <th scope="col" className="number">{text.column.p99}</th>
            <th scope="col">{text.traffic.latency}</th>
            <th scope="col">{text.traffic.policies}</th>
          </tr>
        </thead>
        <tbody>
          {ways.map((way) => (
            <tr key={way.about} className={way.about === selected ? 'is-selected' : undefined} onClick={() => go({ page: 'traffic', about: way.about })}>
              <th scope="row">
                <Link to={{ page: 'traffic', about: way.about }} aria-current={way.about === selected ? 'true' : undefined}>{way.about}</Link>
                {way.match && <div className="quiet match">{way.match}</div>}
              </th>
              <td>{way.to}</td>
              <td className="number">{rate(way.requestsPerSecond)}</td>
              <td className="number">{way.requestsPerSecond > 0 ? percent(way.errorRatio) : text.app.none}</td>
              <td className="number">{latency(way.p50Ms)}</td>
              <td className="number">{latency(way.p99Ms)}</td>
              <td><Distribution of={way.latency} /></td>
              <td className="policies">{grouped(way.policies).map((one) => <Badge key={one.policy} tone={policyTone(one.state)} words={`${one.policy} ${one.state}`} />)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Distribution({ of }: { of: readonly number[] }) {
  const text = useText().traffic;
  if (of.every((count) => count === 0)) return null;
  const words = of.map((count, index) => (count > 0 ? text.requests(rangeOf(index), count) : '')).filter(Boolean).join(', ');
  return (
    <span className="bars" role="img" aria-label={words} title={words}>
      {bars(of).map((height, index) => <i key={rangeOf(index)} style={{ height: `${height * 100}%` }} />)}
    </span>
  );
}

function Way({ of, notices, trends }: { of: TrafficWay; notices: readonly TrafficNotice[]; trends: Trends }) {
  const text = useText();
  const version = useCell(live.architecture)?.version ?? 0;
  const isService = /^[a-z0-9][a-z0-9.-]*$/.test(of.to) && live.services.get(of.to) !== undefined;
  return (
    <section aria-label={of.about} data-testid="way">
      <div className="page-head">
        <h2>{of.about}</h2>
        <div className="actions">
          {isService && of.about !== `service/${of.to}` && <Link className="button" to={{ page: 'policies', about: `service/${of.to}` }}>{text.policies.ofService(of.to)}</Link>}
          <Link className="button" to={{ page: 'policies', about: of.about }}>{text.policies.change}</Link>
        </div>
      </div>
      <Histogram of={of.latency} />
      <RedCharts about={of.about} key={of.about} />
      <Split about={of.about} revision={version} />
      {of.policies.length === 0 ? (
        <p className="empty">{text.traffic.noPolicies}</p>
      ) : (
        <div className="table-frame" tabIndex={0} role="region" aria-label={text.traffic.policies}>
          <table>
            <thead>
              <tr>
                <th scope="col">{text.traffic.policy}</th>
                <th scope="col">{text.column.state}</th>
                <th scope="col">{text.traffic.lately}</th>
                <th scope="col">{text.traffic.figures}</th>
                <th scope="col">{text.traffic.why}</th>
                <th scope="col">{text.traffic.gateway}</th>
              </tr>
            </thead>
            <tbody>
              {of.policies.map((policy) => (
                <tr key={policy.gateway + policy.policy}>
                  <th scope="row">{policy.policy} <span className="quiet">{policy.kind}</span></th>
                  <td><Badge tone={policyTone(policy.state)} words={policy.state} /></td>
                  <td><Lately of={trends.of(trendKey(of.about, policy))} kind={policy.kind} /></td>
                  <td className="names">{Object.entries(policy.numbers).map(([name, value]) => `${name} ${figure(name, value)}`).join(' · ')}</td>
                  <td className="names">{policy.why}</td>
                  <td className="quiet">{policy.gateway}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Notices of={notices} />
    </section>
  );
}

function Lately({ of, kind }: { of: Trend | undefined; kind: string }) {
  return of ? <PolicyTrend of={of} kind={kind} /> : null;
}

/** The distribution large, with its ranges and counts written out. */
function Histogram({ of }: { of: readonly number[] }) {
  const text = useText();
  if (of.every((count) => count === 0)) return null;
  return (
    <div className="histogram" role="img" aria-label={`${text.traffic.latency}: ${of.map((count, index) => (count > 0 ? text.traffic.requests(rangeOf(index), count) : '')).filter(Boolean).join(', ')}`}>
      {bars(of).map((height, index) => (
        <span key={rangeOf(index)} aria-hidden="true">
          <b>{of[index] || ''}</b>
          <i style={{ height: `${height * 64}px` }} />
          <small>{rangeOf(index)}</small>
        </span>
      ))}
    </div>
  );
}

function Switchboard({ interventions }: { interventions: readonly Intervention[] }) {
  const text = useText();
  const now = useNow(1000);
  const [ending, setEnding] = useState<Intervention>();
  return (
    <section>
      <h2>{text.traffic.switchboard}</h2>
      {interventions.length === 0 && <p className="empty">{text.traffic.noInterventions}</p>}
      {interventions.length > 0 && (
        <ul className="events" data-testid="switchboard">
          {interventions.map((one) => {
            const [count, unit] = age(now, Date.parse(one.until));
            return (
              <li key={one.name}>
                <ToneGlyph tone="warn" />
                <span className="about">{one.about}</span>
                <strong>{actOf(one)}</strong>
                <span className="event-message">{one.reason} ({one.by})</span>
                <span className="quiet">{text.traffic.endsIn} {text.age[unit](count)}</span>
                <button type="button" onClick={() => setEnding(one)}>{text.traffic.end}</button>
              </li>
            );
          })}
        </ul>
      )}
      {ending && (
        <Confirm title={text.traffic.endTitle(ending.name)} action={text.traffic.end} act={() => api.endIntervention(ending.name)} onClose={() => setEnding(undefined)}>
          <p>{ending.about}: {actOf(ending)}</p>
          <p className="quiet">{text.traffic.endHint}</p>
        </Confirm>
      )}
    </section>
  );
}

function Notices({ of }: { of: readonly TrafficNotice[] }) {
  const text = useText();
  if (of.length === 0) return <p className="empty">{text.traffic.nothingHappened}</p>;
  return (
    <ol className="events">
      {of.map((notice, index) => (
        <li key={notice.at + notice.about + notice.reason + index}>
          <ToneGlyph tone={notice.isWarning ? 'warn' : 'idle'} />
          <time dateTime={notice.at} title={stamp(new Date(notice.at))}>{clock(new Date(notice.at))}</time>
          <span className="about">{notice.about}</span>
          <strong>{notice.reason}</strong>
          <span className="event-message">{notice.message}</span>
        </li>
      ))}
    </ol>
  );
}

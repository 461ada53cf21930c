import { useEffect, useState } from 'react';
import { api } from '../api/client';
import { live } from '../api/live';
import type { InstanceStatus, ServiceStatus } from '../api/shapes';
import { touches } from '../domain/changes';
import { latency, rate } from '../domain/format';
import { word } from '../domain/i18n';
import { instanceTone, toneOf } from '../domain/tone';
import { Ago } from '../parts/Ago';
import { Badge, CriticalityBadge, StateBadge } from '../parts/Badges';
import { Impact, Why } from '../parts/Causes';
import { EventList } from '../parts/EventList';
import { ToneGlyph } from '../parts/glyphs';
import { useCell, useKeyed, useLoad } from '../parts/hooks';
import { LogView } from '../parts/LogView';
import { Link } from '../parts/navigation';
import { Problem } from '../parts/Problem';
import { RedCharts } from '../parts/RedCharts';
import { Scaling } from '../parts/Scaling';
import { ServiceActions } from '../parts/ServiceActions';
import { ServiceCharts } from '../parts/ServiceCharts';
import { useText } from '../parts/settings';

const shownEvents = 50;

/** One service: how it stands, its instances, what they say, and what happened to it. */
export default function ServicePage({ name }: { name: string }) {
  const text = useText();
  const service = useKeyed(live.services, name);
  const architecture = useCell(live.architecture);
  const instances = useInstanceNames(service);
  if (!service) {
    return (
      <div className="page">
        <h1>{name}</h1>
        <p>{architecture ? text.service.missing(name) : text.app.loading}</p>
        <Link to={{ page: 'map' }}>{text.app.toMap}</Link>
      </div>
    );
  }
  return (
    <div className="page">
      <header className="page-head">
        <h1>{service.name}</h1>
        {service.version && <code>{service.version}</code>}
        <StateBadge of={service} />
        <CriticalityBadge of={service.criticality} />
        <span className="quiet">
          {text.map.ready(service.ready, service.wanted)}
          {service.since && <> · <Ago at={service.since} /></>}
        </span>
        <Link to={{ page: 'map', selected: service.name }} className="quiet">{text.service.onMap}</Link>
        <ServiceActions service={service} />
      </header>
      {service.message && <p className={`message tone-${toneOf(service)}`}>{service.message}</p>}
      <Why of={`service/${service.name}`} />
      <section aria-labelledby="instances">
        <h2 id="instances">{text.service.instances} <span className="count">{service.instances.length}</span></h2>
        <InstanceTable instances={service.instances} />
      </section>
      <Scaling service={service} />
      <p className="span-links">
        <Link to={{ page: 'traces', search: { service: service.name } }}>{text.observe.traces}</Link>
        <Link to={{ page: 'logs', search: { service: service.name } }}>{text.care.logs}</Link>
        <Link to={{ page: 'top', of: 'operations', window: '15m', service: service.name }}>{text.observe.topOf.operations}</Link>
        <Link to={{ page: 'top', of: 'statements', window: '15m', service: service.name }}>{text.observe.topOf.statements}</Link>
        <Link to={{ page: 'policies', about: `service/${service.name}` }}>{text.policies.ofService(service.name)}</Link>
      </p>
      <Satisfaction of={service.name} />
      <Impact of={`service/${service.name}`} />
      <RedCharts about={`service/${service.name}`} />
      <ServiceCharts service={service.name} hosts={service.instances.map((one) => one.host)} version={architecture?.version ?? 0} />
      <section aria-labelledby="logs">
        <h2 id="logs">{text.service.logs}</h2>
        <LogView service={service.name} instances={instances} />
      </section>
      <div className="columns">
        <section aria-labelledby="events">
          <h2 id="events">{text.service.events}</h2>
          <Events service={service} />
        </section>
        <section aria-labelledby="versions">
          <h2 id="versions">{text.service.versions}</h2>
          <Versions name={service.name} number={architecture?.version ?? 0} />
        </section>
      </div>
    </div>
  );
}

/** How satisfied the callers of a service are, by its spans; nothing where it sends none. */
function Satisfaction({ of }: { of: string }) {
  const text = useText();
  const { value, again } = useLoad(`apdex ${of}`, (signal) => api.top('services', 'heat', '15m', 1, of, signal));
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && again(), 10_000);
    return () => clearInterval(timer);
  }, [again]);
  const row = value?.[0];
  if (row?.apdex === undefined) return null;
  const tone = row.apdex >= 0.94 ? 'ok' : row.apdex >= 0.7 ? 'warn' : 'bad';
  return (
    <p className={`message tone-${tone}`} title={text.sight.apdexHint} data-testid="apdex">
      <ToneGlyph tone={tone} /> {text.observe.satisfied(row.apdex.toFixed(2), latency(row.p99Ms), `${rate(row.callsPerSecond)}${text.map.perSecond}`)}
    </p>
  );
}

/** The names in order, with the same identity until one comes or goes: the log view need not draw again for a restart counter. */
function useInstanceNames(service: ServiceStatus | undefined): readonly string[] {
  const names = service?.instances.map((instance) => instance.id).sort() ?? [];
  const [kept, keep] = useState(names);
  const differs = kept.join(' ') !== names.join(' ');
  useEffect(() => {
    if (differs) keep(names);
  }, [differs]);
  return differs ? names : kept;
}

function InstanceTable({ instances }: { instances: readonly InstanceStatus[] }) {
  const text = useText();
  const { column } = text;
  if (instances.length === 0) return <p className="empty">{text.inspector.noInstances}</p>;
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={text.service.instances}>
      <table>
        <thead>
          <tr>
            <th scope="col">{column.instance}</th>
            <th scope="col">{column.state}</th>
            <th scope="col" className="number">{column.pid}</th>
            <th scope="col">{column.endpoint}</th>
            <th scope="col">{column.host}</th>
            <th scope="col">{column.version}</th>
            <th scope="col" className="number">{column.restarts}</th>
            <th scope="col" className="number">{column.age}</th>
            <th scope="col">{column.message}</th>
          </tr>
        </thead>
        <tbody>
          {instances.map((instance) => (
            <tr key={instance.id}>
              <th scope="row">{instance.id}</th>
              <td>
                <Badge tone={instanceTone(instance.state)} words={word(text.state, instance.state)} />
              </td>
              <td className="number">{instance.pid || <span className="quiet">{text.service.noProcess}</span>}</td>
              <td><code>{instance.endpoint}</code></td>
              <td>{instance.host}</td>
              <td>{instance.version}</td>
              <td className="number">{instance.restarts}</td>
              <td className="number"><Ago at={instance.startedAt} /></td>
              <td className="names">{[word(text.reason, instance.reason), instance.message].filter(Boolean).join(': ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Events({ service }: { service: ServiceStatus }) {
  const text = useText();
  const { value, problem, again } = useLoad(
    `${service.name} ${service.state} ${service.reason} ${service.ready} ${service.instances.map((instance) => instance.state + instance.restarts).join()}`,
    (signal) => api.eventsAbout(`service/${service.name}`, shownEvents, signal),
  );
  if (problem) return <Problem of={problem} again={again} />;
  if (!value) return <p className="quiet">{text.app.loading}</p>;
  return value.length === 0 ? <p className="quiet">{text.inspector.noEvents}</p> : <EventList events={[...value].reverse()} about={false} />;
}

function Versions({ name, number }: { name: string; number: number }) {
  const text = useText();
  const { value, problem, again } = useLoad(String(number), api.versions);
  if (problem) return <Problem of={problem} again={again} />;
  if (!value) return <p className="quiet">{text.app.loading}</p>;
  const touched = value.filter((version) => touches(version.changes, name)).sort((a, b) => b.number - a.number);
  if (touched.length === 0) return <p className="quiet">{text.service.noVersions}</p>;
  return (
    <ol className="versions-short">
      {touched.map((version) => (
        <li key={version.number}>
          <Link to={{ page: 'history', from: version.number - 1, to: version.number }}>#{version.number}</Link>
          <Ago at={version.at} />
          <span>{version.message || <span className="quiet">{text.history.noMessage}</span>}</span>
          <span className="quiet">{version.by}</span>
        </li>
      ))}
    </ol>
  );
}

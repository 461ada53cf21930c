import { useEffect } from 'react';
import { api } from '../api/client';
import { live } from '../api/live';
import type { TopOf } from '../api/observeShapes';
import type { HostFigures } from '../api/runtimeShapes';
import { checkup, leftOf } from '../domain/checkup';
import { latency, percent, rate } from '../domain/format';
import { bytes, cores, scarcities, shareTone } from '../domain/runtime';
import { span as duration } from '../domain/waterfall';
import { CriticalityBadge } from '../parts/Badges';
import { ToneGlyph } from '../parts/glyphs';
import { useCell, useLoad } from '../parts/hooks';
import { Link } from '../parts/navigation';
import { Sparkline, useRuntime } from '../parts/runtime';
import { useText } from '../parts/settings';

const topEveryMs = 15_000;
const topRows = 5;

/** The check-up: what is left of each host, what each service uses and how it answers, and where the time goes. */
export default function CheckupPage() {
  const text = useText();
  const runtime = useRuntime();
  useCell(live.map.tick);
  useEffect(() => live.watchMap(), []);
  return (
    <div className="page">
      <div className="page-head">
        <h1>{text.care.checkup}</h1>
        <div className="actions"><Link className="button" to={{ page: 'now' }}>{text.care.now}</Link></div>
      </div>
      {!runtime && <p className="quiet">{text.app.loading}</p>}
      {runtime && <Hosts of={runtime.hosts} />}
      {runtime && <Services runtime={runtime} />}
      <section>
        <h2>{text.care.hottest}</h2>
        <div className="tops">
          <Hottest of="operations" title={text.care.hottestApis} />
          <Hottest of="statements" title={text.care.hottestStatements} />
        </div>
      </section>
    </div>
  );
}

function Hosts({ of }: { of: readonly HostFigures[] }) {
  const text = useText();
  return (
    <Table title={text.care.capacity} id="capacity">
      <thead>
        <tr>
          <th scope="col">{text.hosts.host}</th>
          <th scope="col">{text.care.headroom}</th>
          {(['cpu', 'memory', 'disk', 'space'] as const).map((name) => <th key={name} scope="col">{text.hosts[name]}</th>)}
        </tr>
      </thead>
      <tbody>
        {of.map((host) => {
          const shares = scarcities(host);
          const left = leftOf(host);
          return (
            <tr key={host.name}>
              <th scope="row"><Link to={{ page: 'hosts' }}>{host.name}</Link></th>
              <td><Left of={left} /></td>
              {(['cpu', 'memory', 'disk', 'space'] as const).map((name) => {
                const share = shares.find((one) => one.name === name)?.share;
                return <td key={name}><span className="with-trend"><b>{share === undefined ? text.app.none : percent(share)}</b>{name !== 'space' && <Sparkline of={host.trends[name]} label={text.hosts[name]} />}</span></td>;
              })}
            </tr>
          );
        })}
      </tbody>
    </Table>
  );
}

function Table({ title, id, children }: { title: string; id: string; children: React.ReactNode }) {
  return (
    <section>
      <h2>{title}</h2>
      <div className="table-frame" tabIndex={0} role="region" aria-label={title}>
        <table data-testid={id}>{children}</table>
      </div>
    </section>
  );
}

function Left({ of }: { of: number | undefined }) {
  const text = useText();
  if (of === undefined) return <>{text.app.none}</>;
  return <span className={`badge tone-${shareTone(1 - of)}`}><ToneGlyph tone={shareTone(1 - of)} /> <span>{percent(of)}</span></span>;
}

function Services({ runtime }: { runtime: NonNullable<ReturnType<typeof useRuntime>> }) {
  const text = useText();
  const found = checkup([...live.services.all()], runtime.instances, runtime.hosts, [...live.map.edges.all()]);
  const none = text.app.none;
  return (
    <Table title={text.care.perService} id="health">
      <thead>
        <tr>
          <th scope="col">{text.column.service}</th>
          <th scope="col">{text.column.criticality}</th>
          <th scope="col">{text.care.headroom}</th>
          {[text.care.instances, text.hosts.cpu, text.hosts.memory, text.hosts.paused, text.care.incoming, text.column.errors, text.column.p99, text.hosts.restarts].map((title) => <th key={title} scope="col" className="number">{title}</th>)}
        </tr>
      </thead>
      <tbody>
        {found.map((one) => (
          <tr key={one.name}>
            <th scope="row"><Link to={{ page: 'service', name: one.name }}>{one.name}</Link></th>
            <td><CriticalityBadge of={one.criticality} /></td>
            <td><Left of={one.left} /></td>
            <td className="number">{one.ready}/{one.wanted}</td>
            <td className="number">{one.cpu === undefined ? none : cores(one.cpu)}</td>
            <td className="number">{one.memory === undefined ? none : bytes(one.memory)}</td>
            <td className="number">{one.paused === undefined ? none : percent(one.paused)}</td>
            <td className="number">{rate(one.flow.requestsPerSecond)}</td>
            <td className="number">{one.flow.requestsPerSecond > 0 ? percent(one.flow.errorRatio) : none}</td>
            <td className="number">{latency(one.flow.p99Ms)}</td>
            <td className="number">{one.restarts}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function Hottest({ of, title }: { of: TopOf; title: string }) {
  const text = useText();
  const { value, again } = useLoad(of, (signal) => api.top(of, 'heat', '15m', topRows, undefined, signal));
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && again(), topEveryMs);
    return () => clearInterval(timer);
  }, [again]);
  const most = Math.max(...(value ?? []).map((row) => row.heatSeconds), Number.MIN_VALUE);
  return (
    <div className="top-list">
      <h2><Link to={{ page: 'top', of, window: '15m' }}>{title}</Link></h2>
      {value?.length === 0 && <p className="empty">{text.care.nothingCounted}</p>}
      <ol>
        {value?.map((row) => (
          <li key={`${row.service} ${row.name}`}>
            <Link to={row.exemplar ? { page: 'trace', id: row.exemplar } : { page: 'traces', search: { service: row.service } }} title={row.name}>
              <span className={of === 'statements' ? 'top-name is-code' : 'top-name'}><b>{row.service}</b> {row.name}</span>
              <span className="top-value">{duration(row.heatSeconds * 1000)}</span>
              <span className="trace-bar" aria-hidden="true"><i style={{ width: `${(row.heatSeconds / most) * 100}%` }} /></span>
            </Link>
          </li>
        ))}
      </ol>
    </div>
  );
}

import type { HostFigures, InstanceFigures, MiddlewareFigures } from '../api/runtimeShapes';
import { percent, rate } from '../domain/format';
import { word } from '../domain/i18n';
import { bytes, keyFigure, scarcest, shareTone } from '../domain/runtime';
import { Badge } from '../parts/Badges';
import { ToneGlyph } from '../parts/glyphs';
import { Headroom } from '../parts/Headroom';
import { Link } from '../parts/navigation';
import { Sparkline, useRuntime } from '../parts/runtime';
import { useText } from '../parts/settings';

/** The machines with what is left of them, what runs there, and the servers that are probed. */
export default function HostsPage() {
  const text = useText();
  const runtime = useRuntime();
  return (
    <div className="page">
      <h1>{text.hosts.title}</h1>
      <Headroom />
      {!runtime && <p className="quiet">{text.app.loading}</p>}
      {runtime && runtime.hosts.length === 0 && <p className="empty">{text.hosts.empty}</p>}
      {runtime?.hosts.map((host) => <Machine key={host.name} of={host} />)}
      {runtime && runtime.middleware.length > 0 && <Middleware of={runtime.middleware} />}
      {runtime && runtime.instances.length > 0 && <Instances of={runtime.instances} />}
    </div>
  );
}

function Machine({ of }: { of: HostFigures }) {
  const text = useText();
  const worst = scarcest(of);
  const memory = of.memoryTotal && of.memoryAvailable !== undefined ? 1 - of.memoryAvailable / of.memoryTotal : undefined;
  const busy = of.disks.flatMap((disk) => disk.busy ?? []);
  const pressure = Math.max(...[of.cpuPressure, of.memoryPressure, of.ioPressure].flatMap((one) => one ?? []), -1);
  const share = (value: number | undefined) => (value === undefined ? text.app.none : percent(value));
  return (
    <section className="machine" aria-label={of.name} data-testid="machine">
      <h2>
        <ToneGlyph tone={shareTone(worst?.share)} /> {of.name}{' '}
        <Link to={{ page: 'why', of: `host/${of.name}` }} className="quiet">{text.care.impact}</Link>
        {worst && <span className="quiet"> {text.hosts.scarcest(text.hosts[worst.name], percent(worst.share))}</span>}
      </h2>
      <div className="gauges">
        <Gauge title={text.hosts.cpu} value={share(of.cpu)} trend={of.trends.cpu}>
          {of.processors !== undefined && text.hosts.ofCores(of.processors)}
          {(of.steal ?? 0) > 0.005 && ` · ${text.hosts.steal(percent(of.steal!))}`}
          {(of.throttled ?? 0) > 0.005 && ` · ${text.hosts.throttled(percent(of.throttled!))}`}
        </Gauge>
        <Gauge title={text.hosts.memory} value={share(memory)} trend={of.trends.memory}>
          {of.memoryTotal !== undefined && text.hosts.left(bytes(of.memoryAvailable ?? 0), bytes(of.memoryTotal))}
        </Gauge>
        <Gauge title={text.hosts.disk} value={share(busy.length > 0 ? Math.max(...busy) : undefined)} trend={of.trends.disk}>
          {text.hosts.wait(share(of.ioWait))}
        </Gauge>
        <Gauge title={text.hosts.pressure} value={share(pressure < 0 ? undefined : pressure)} trend={of.trends.pressure}>
          {text.hosts.load(of.load?.toFixed(2) ?? text.app.none)}
        </Gauge>
      </div>
      <ul className="volumes">
        {of.fileSystems.map((one) => (
          <li key={one.folder}>
            <ToneGlyph tone={shareTone(one.used / Math.max(1, one.used + one.free))} /> <code>{one.folder}</code> {text.hosts.left(bytes(one.free), bytes(one.used + one.free))}
          </li>
        ))}
        {of.networks.map((one) => (
          <li key={one.interface}>
            <code>{one.interface}</code> ↓ {bytes(one.received ?? 0)}/s ↑ {bytes(one.sent ?? 0)}/s
            {(one.errors ?? 0) > 0 && <span className="tone-warn"> {text.hosts.netErrors(rate(one.errors!))}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Gauge({ title, value, trend, children }: { title: string; value: string; trend: readonly (number | null)[]; children?: React.ReactNode }) {
  return (
    <div className="gauge">
      <h3>{title}</h3>
      <strong>{value}</strong>
      <Sparkline of={trend} label={title} />
      <span className="quiet">{children}</span>
    </div>
  );
}

function Middleware({ of }: { of: readonly MiddlewareFigures[] }) {
  const text = useText();
  return (
    <section>
      <h2>{text.hosts.middleware}</h2>
      <ul className="middleware">
        {of.map((one) => (
          <li key={one.target} data-testid="middleware">
            <h3>
              {one.name} <span className="quiet">{one.kind}{one.target !== one.name && ` · ${one.target}`}</span> <Badge tone={one.up ? 'ok' : 'bad'} words={one.up ? text.hosts.up : text.hosts.down} />
            </h3>
            {!one.up && <p className="message tone-bad">{one.why}</p>}
            {one.up && (
              <dl className="figures">
                {one.figures.filter((figure) => figure.value !== undefined).map((figure) => (
                  <div key={figure.name}>
                    <dt>{word(text.figure, figure.name)}</dt>
                    <dd>{keyFigure(figure)}</dd>
                  </div>
                ))}
              </dl>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Instances({ of }: { of: readonly InstanceFigures[] }) {
  const text = useText();
  const sorted = [...of].sort((a, b) => (b.cpu ?? 0) - (a.cpu ?? 0));
  const titles = [text.hosts.cpu, text.hosts.memory, text.hosts.threadCount, text.hosts.files, text.hosts.heapSize, text.hosts.gc, text.hosts.paused, text.hosts.queue, text.hosts.restarts];
  return (
    <section>
      <h2>{text.inspector.instances}</h2>
      <div className="table-frame" tabIndex={0} role="region" aria-label={text.inspector.instances}>
        <table>
          <thead>
            <tr>
              <th scope="col">{text.hosts.instance}</th>
              <th scope="col">{text.hosts.host}</th>
              {titles.map((title) => <th key={title} scope="col" className="number">{title}</th>)}
            </tr>
          </thead>
          <tbody>
            {sorted.map((one) => (
              <tr key={one.name}>
                <th scope="row"><Link to={{ page: 'service', name: one.service }}>{one.name}</Link></th>
                <td>{one.host}</td>
                {[
                  one.cpu?.toFixed(2), one.memory !== undefined && bytes(one.memory), one.threads, one.files, one.dotNet?.heap !== undefined && bytes(one.dotNet.heap),
                  one.dotNet?.collections !== undefined && `${rate(one.dotNet.collections)}/s`, one.dotNet?.paused !== undefined && percent(one.dotNet.paused), one.dotNet?.poolQueue, one.restarts,
                ].map((value, index) => <td key={titles[index]} className="number">{value === undefined || value === false ? text.app.none : value}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

import { live } from '../api/live';
import { word } from '../domain/i18n';
import { hostTone } from '../domain/tone';
import { ToneGlyph } from './glyphs';
import { useCell } from './hooks';
import { useView } from './MapNode';
import { useText } from './settings';

/** The machines; pressing one dims what does not run there. */
export function Hosts() {
  const text = useText();
  const view = useView();
  const hosts = useCell(live.hosts);
  const filter = useCell(view.filter);
  useCell(live.map.tick);
  const running = new Map<string, number>();
  for (const node of live.map.nodes.all()) for (const instance of node.instances) running.set(instance.host, (running.get(instance.host) ?? 0) + 1);
  if (hosts.length === 0) return null;
  return (
    <div className="hosts" role="group" aria-label={text.map.hosts}>
      {hosts.map((host) => (
        <button
          key={host.name}
          type="button"
          className={`chip tone-${hostTone(host.state)}`}
          aria-pressed={filter.host === host.name}
          title={host.address}
          onClick={() => view.filter.set({ ...filter, host: filter.host === host.name ? '' : host.name })}
        >
          <ToneGlyph tone={hostTone(host.state)} title={word(text.state, host.state)} /> <b>{host.name}</b>
          <span className="quiet">{text.map.hostRuns(running.get(host.name) ?? 0)}</span>
        </button>
      ))}
    </div>
  );
}

/** What the shapes and lines mean. */
export function Legend() {
  const text = useText();
  return (
    <details className="legend">
      <summary>{text.map.legend}</summary>
      <ul>
        {(['ok', 'busy', 'warn', 'bad', 'idle'] as const).map((tone) => (
          <li key={tone}>
            <ToneGlyph tone={tone} /> {text.tone[tone]}
          </li>
        ))}
      </ul>
      <p>{text.map.legendEdges}</p>
    </details>
  );
}

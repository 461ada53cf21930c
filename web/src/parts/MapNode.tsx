import type { NodeProps } from '@xyflow/react';
import { createContext, memo, useCallback, useContext, useSyncExternalStore } from 'react';
import { live } from '../api/live';
import type { MapNode as Shape } from '../api/shapes';
import { isActive, passes } from '../domain/filter';
import * as format from '../domain/format';
import { toneOf } from '../domain/tone';
import type { MapView } from '../domain/view';
import { CriticalityBadge, InstanceDots, shortStateWords } from './Badges';
import { Icon, ToneGlyph } from './glyphs';
import { useKeyed } from './hooks';
import { useText } from './settings';

export const ViewContext = createContext<MapView | undefined>(undefined);
export const useView = (): MapView => useContext(ViewContext)!;

/** A card on the map. It watches its own node only, so an update draws the cards that changed. */
export const MapNode = memo(function MapNode({ id }: NodeProps) {
  const node = useKeyed(live.map.nodes, id);
  return node && <Card node={node} />;
});

function Card({ node }: { node: Shape }) {
  const text = useText();
  const view = useView();
  const { selected, related, dimmed, stop } = useStanding(view, node);
  const tone = toneOf(node);
  const service = node.kind === 'service';
  return (
    <div
      className={`card tone-${tone} kind-${node.kind}${selected ? ' selected' : ''}${related ? ' related' : ''}${dimmed ? ' dimmed' : ''}`}
      role="button"
      tabIndex={stop ? 0 : -1}
      aria-pressed={selected}
      data-id={node.id}
      data-tone={tone}
      title={node.message || undefined}
      onClick={() => view.selected.set(node.id)}
      onMouseEnter={() => view.hovered.set(node.id)}
      onMouseLeave={() => view.hovered.set(undefined)}
    >
      <ToneGlyph tone={tone} size={18} />
      <span className="card-title">{node.title}</span>
      {node.version && <span className="card-version">{node.version}</span>}
      <span className="card-state">{shortStateWords(text, node)}</span>
      {service ? <CriticalityBadge of={node.criticality} /> : <KindMark kind={node.kind} />}
      <span className="card-foot">
        <InstanceDots instances={node.instances} />
        {service && <span className="card-ready">{`${node.ready}/${node.wanted}`}<span className="unseen"> {text.map.readyWord}</span></span>}
      </span>
      <Incoming id={node.id} />
    </div>
  );
}

function KindMark({ kind }: { kind: Shape['kind'] }) {
  const text = useText();
  return (
    <span className="criticality">
      <Icon name={kind === 'gateway' ? 'gate' : 'external'} size={12} />
      <span>{text.kind[kind]}</span>
    </span>
  );
}

/** Requests per second that arrive, or that leave the gateway. */
function Incoming({ id }: { id: string }) {
  const rate = useSyncExternalStore(live.map.tick.subscribe, () => {
    const flow = live.map.flowOf(id);
    return flow ? format.rate(flow.requestsPerSecond) : '';
  });
  const text = useText();
  return rate === '' ? null : <span className="card-rate">{`${rate}${text.map.perSecond}`}</span>;
}

function useStanding(view: MapView, node: Shape): { selected: boolean; related: boolean; dimmed: boolean; stop: boolean } {
  const selected = useSyncExternalStore(view.selected.subscribe, () => view.selected.get() === node.id);
  const related = useSyncExternalStore(view.onActive, () => {
    const active = view.active();
    const graph = live.map.topology.get()?.graph;
    return active !== undefined && graph !== undefined && (graph.needsOf(active).includes(node.id) || graph.dependantsOf(active).includes(node.id));
  });
  const dimmed = useSyncExternalStore(
    view.filter.subscribe,
    useCallback(() => isActive(view.filter.get()) && !passes(view.filter.get(), node), [view, node]),
  );
  // One stop of the Tab key for the whole map: the selected card, else the first.
  const stop = useSyncExternalStore(view.selected.subscribe, () => {
    const at = view.selected.get();
    const graph = live.map.topology.get()?.graph;
    return at !== undefined && graph?.has(at) ? at === node.id : graph?.ids[0] === node.id;
  });
  return { selected, related, dimmed, stop };
}

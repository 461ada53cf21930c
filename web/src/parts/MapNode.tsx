import { Handle, Position, type NodeProps } from '@xyflow/react';
import { createContext, memo, useCallback, useContext, useSyncExternalStore } from 'react';
import { live } from '../api/live';
import type { MapNode as Shape } from '../api/shapes';
import { isActive, passes } from '../domain/filter';
import * as format from '../domain/format';
import { toneOf } from '../domain/tone';
import type { MapView } from '../domain/view';
import { CriticalityBadge, InstanceDots, stateWords } from './Badges';
import { Icon, ToneGlyph } from './glyphs';
import { useKeyed } from './hooks';
import { useText } from './settings';

export const ViewContext = createContext<MapView | undefined>(undefined);
export const useView = (): MapView => useContext(ViewContext)!;

/** A card on the map. It watches its own node only, so an update draws the cards that changed. */
export const MapNode = memo(function MapNode({ id, targetPosition, sourcePosition }: NodeProps) {
  const node = useKeyed(live.map.nodes, id);
  return (
    <>
      <Handle type="target" position={targetPosition ?? Position.Left} isConnectable={false} />
      {node && <Card node={node} />}
      <Handle type="source" position={sourcePosition ?? Position.Right} isConnectable={false} />
    </>
  );
});

function Card({ node }: { node: Shape }) {
  const text = useText();
  const view = useView();
  const { selected, dimmed, stop } = useStanding(view, node);
  const tone = toneOf(node);
  const words = stateWords(text, node);
  const service = node.kind === 'service';
  return (
    <div
      className={`card tone-${tone} kind-${node.kind}${selected ? ' selected' : ''}${dimmed ? ' dimmed' : ''}`}
      role="button"
      tabIndex={stop ? 0 : -1}
      aria-pressed={selected}
      aria-label={service ? text.map.node(node.title, words, text.criticalityIs(text.criticality[node.criticality]), node.ready, node.wanted) : `${node.title}: ${text.kind[node.kind]}, ${words}`}
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
      <span className="card-state">{words}</span>
      {service ? <CriticalityBadge of={node.criticality} /> : <KindMark kind={node.kind} />}
      <span className="card-foot">
        <InstanceDots instances={node.instances} />
        {service && <span className="card-ready">{`${node.ready}/${node.wanted}`}</span>}
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
    const graph = live.map.topology.get()?.graph;
    if (!graph) return '';
    const keys = id === 'gateway' ? graph.needsOf(id).map((to) => `${id}→${to}`) : graph.dependantsOf(id).map((from) => `${from}→${id}`);
    const sum = keys.reduce((total, key) => total + (live.map.edges.get(key)?.requestsPerSecond ?? 0), 0);
    return keys.length > 0 ? format.rate(sum) : '';
  });
  const text = useText();
  return rate === '' ? null : <span className="card-rate">{`${rate}${text.map.perSecond}`}</span>;
}

function useStanding(view: MapView, node: Shape): { selected: boolean; dimmed: boolean; stop: boolean } {
  const selected = useSyncExternalStore(view.selected.subscribe, () => view.selected.get() === node.id);
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
  return { selected, dimmed, stop };
}

import type { NodeProps } from '@xyflow/react';
import { createContext, memo, useCallback, useContext, useLayoutEffect, useRef, useSyncExternalStore } from 'react';
import { live } from '../api/live';
import type { MapNode as Shape } from '../api/shapes';
import { isActive, passes } from '../domain/filter';
import * as format from '../domain/format';
import { shadeOf } from '../domain/overlay';
import { toneOf } from '../domain/tone';
import type { Closeness, MapView } from '../domain/view';
import { CriticalityBadge, InstanceDots, shortStateWords } from './Badges';
import { Icon, ToneGlyph } from './glyphs';
import { useKeyed } from './hooks';
import { useText } from './settings';

export const ViewContext = createContext<MapView | undefined>(undefined);
export const useView = (): MapView => useContext(ViewContext)!;

/** A card as a node of the library, which places it; how much of it is shown is left to the style sheet. */
export const MapNode = memo(function MapNode({ id }: NodeProps) {
  return <MapCard id={id} detail="near" />;
});

/** A card on the map. It watches its own node only, so an update draws the cards that changed. */
export function MapCard({ id, detail }: { id: string; detail: Closeness }) {
  const node = useKeyed(live.map.nodes, id);
  return node && <Card node={node} detail={detail} />;
}

function Card({ node, detail }: { node: Shape; detail: Closeness }) {
  const text = useText();
  const view = useView();
  const { selected, related, dimmed, stop } = useStanding(view, node);
  const tone = toneOf(node);
  const service = node.kind === 'service';
  const [level, words] = useShade(view, node);
  const near = detail === 'near';
  const state = shortStateWords(text, node);
  const card = useFocusKept(view, node.id);
  return (
    <div
      ref={card}
      className={`card shade-${level} tone-${tone} kind-${node.kind}${selected ? ' selected' : ''}${related ? ' related' : ''}${dimmed ? ' dimmed' : ''}`}
      role="button"
      tabIndex={stop ? 0 : -1}
      aria-pressed={selected}
      data-id={node.id}
      data-tone={tone}
      title={node.message || undefined}
      {...(!near && { 'aria-label': service ? `${node.title} ${state} ${text.criticality[node.criticality]} ${text.map.ready(node.ready, node.wanted)}` : `${node.title} ${state}` })}
      onClick={() => view.selected.set(node.id)}
      onMouseEnter={() => view.hovered.set(node.id)}
      onMouseLeave={() => view.hovered.set(undefined)}
    >
      <ToneGlyph tone={tone} size={18} />
      {detail !== 'far' && <span className="card-title">{node.title}</span>}
      {near && node.version && <span className="card-version">{node.version}</span>}
      {near && <span className="card-state">{state}</span>}
      {detail !== 'far' && (service ? <CriticalityBadge of={node.criticality} /> : <KindMark kind={node.kind} />)}
      {near && (
        <span className="card-foot">
          <InstanceDots instances={node.instances} />
          {service && <span className="card-ready">{`${node.ready}/${node.wanted}`}<span className="unseen"> {text.map.readyWord}</span></span>}
        </span>
      )}
      {near && <Incoming id={node.id} />}
      {words && <span className="card-shade">{words}</span>}
    </div>
  );
}

/** Gives a card that was waited for the focus when it is drawn, and the map the focus of a card that goes out of sight: keys go on working. */
function useFocusKept(view: MapView, id: string): React.RefObject<HTMLDivElement | null> {
  const card = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const drawn = card.current!;
    const frame = drawn.closest<HTMLElement>('.canvas');
    if (view.awaited === id) {
      view.awaited = undefined;
      if (document.activeElement === frame) drawn.focus({ preventScroll: true });
    }
    return () => {
      if (document.activeElement !== drawn) return;
      view.awaited = id;
      frame?.focus({ preventScroll: true });
    };
  }, [view, id]);
  return card;
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

/** Level and words of the overlay that is chosen. One text, so that a card is drawn again only when they change. */
function useShade(view: MapView, node: Shape): [string, string] {
  const text = useText();
  const subscribe = useCallback(
    (listener: () => void) => {
      const stops = [view.overlay.subscribe(listener), live.map.tick.subscribe(listener)];
      return () => stops.forEach((stop) => stop());
    },
    [view],
  );
  const shade = useSyncExternalStore(subscribe, () => {
    const overlay = view.overlay.get();
    if (!overlay) return '0 ';
    const began = live.services.get(node.id)?.instances.flatMap((one) => (one.startedAt ? [Date.parse(one.startedAt)] : [])) ?? [];
    const { level, words } = shadeOf(overlay, { node, flow: live.map.flowOf(node.id), mostHeat: live.map.mostHeat, changedAt: began.length > 0 ? Math.max(...began) : undefined, now: Date.now() }, (count, unit) => text.age[unit](count));
    return `${level} ${words}`;
  });
  return [shade[0]!, shade.slice(2)];
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

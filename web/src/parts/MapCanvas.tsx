import '@xyflow/react/dist/base.css';
import { MiniMap, ReactFlow, ReactFlowProvider, useReactFlow, useStore, ViewportPortal, type MiniMapNodeProps, type Node, type Viewport } from '@xyflow/react';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { live } from '../api/live';
import { card, fitZoom, type Layout, type Size } from '../domain/layout';
import { isHuge } from '../domain/layoutFast';
import type { Topology } from '../domain/liveMap';
import { isArrow, step } from '../domain/navigate';
import { toneOf } from '../domain/tone';
import type { Closeness } from '../domain/view';
import { layOut } from './elk';
import { HugeMap } from './HugeMap';
import { Icon } from './glyphs';
import { useCell, useKeyedView } from './hooks';
import { MapEdges } from './MapEdge';
import { MapNode, useView } from './MapNode';
import { go } from './navigation';
import { Overview } from './Overview';
import { useText } from './settings';

const nodeTypes = { card: MapNode };
/** The zoom from which a card's name can be read. */
const readable = 0.2;
const closenessAt = (zoom: number): Closeness => (zoom >= 0.5 ? 'near' : zoom >= readable ? 'mid' : 'far');
const fitting = { padding: 0.03, maxZoom: 1.1 };

interface Props {
  topology: Topology;
  /** Raised when the user asks for a node that may be out of sight. */
  reveal: { id: string; round: number } | undefined;
}

/** The drawn map. Only a new layout draws it as a whole; updates reach the cards and edges they concern. */
export function MapCanvas(props: Props) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

function Canvas({ topology, reveal }: Props) {
  const text = useText();
  const view = useView();
  const flow = useReactFlow();
  const frame = useRef<HTMLDivElement>(null);
  const { layout, failed } = useLayout(topology, frame);
  const huge = layout !== undefined && isHuge(layout.topology.graph);
  const nodes = useMemo(() => layout && (huge ? [] : nodesOf(layout)), [layout, huge]);
  const fit = (duration = 0) => void (huge ? flow.fitBounds({ x: 0, y: 0, ...layout.size }, { padding: fitting.padding, duration }) : flow.fitView({ ...fitting, duration }));

  useEffect(() => {
    if (layout) requestAnimationFrame(() => fit());
  }, [layout?.positions.size]);

  useEffect(() => () => void (live.map.moving = false), []);

  // The inspector takes room: a card that was chosen by the pointer may now lie under it.
  const selected = useCell(view.selected);
  useEffect(() => {
    const point = selected === undefined ? undefined : layout?.positions.get(selected);
    if (point) requestAnimationFrame(() => frame.current && bringIntoView(flow, frame.current, point));
  }, [selected, layout]);

  const show = (id: string) => {
    view.selected.set(id);
    const drawn = frame.current?.querySelector<HTMLElement>(`.card[data-id="${CSS.escape(id)}"]`);
    if (drawn) drawn.focus({ preventScroll: true });
    else {
      // On a huge map only what is in sight is drawn: the map is being moved there, and the card takes the focus unless something else has it by then.
      view.awaited = id;
      frame.current?.focus({ preventScroll: true });
    }
  };

  useEffect(() => {
    if (reveal && layout) show(reveal.id);
  }, [reveal, layout]);

  const onKeyDown = (event: React.KeyboardEvent) => {
    if (!layout || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = (event.target as HTMLElement).dataset.id ?? view.selected.get();
    if (isArrow(event.key)) {
      const next = at ? step(topology.graph, layout.positions, at, event.key) : topology.graph.ids[0];
      if (next) show(next);
    } else if (event.key === 'Enter' && at) open(at);
    else if (event.key === ' ' && at) view.selected.set(view.selected.get() === at ? undefined : at);
    else if (event.key === '+' || event.key === '=') void flow.zoomIn();
    else if (event.key === '-') void flow.zoomOut();
    else if (event.key === '0') fit();
    else return;
    event.preventDefault();
  };

  return (
    <div ref={frame} className="canvas" role="application" tabIndex={huge ? 0 : -1} aria-label={text.map.label} data-testid="map" data-laid-out={layout !== undefined} onKeyDown={onKeyDown}>
      {layout && nodes ? (
        <ReactFlow
          nodes={nodes}
          nodeTypes={nodeTypes}
          fitView={!huge}
          {...(huge && { defaultViewport: centred(layout.size, frame.current!) })}
          fitViewOptions={fitting}
          minZoom={0.04}
          maxZoom={2}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          zoomOnDoubleClick={false}
          disableKeyboardA11y
          deleteKeyCode={null}
          proOptions={{ hideAttribution: true }}
          onMoveStart={() => {
            frame.current?.setAttribute('data-moving', '');
            live.map.moving = huge;
          }}
          onMoveEnd={() => {
            frame.current?.removeAttribute('data-moving');
            live.map.moving = false;
          }}
          onPaneClick={() => view.selected.set(undefined)}
          onDoubleClick={(event) => {
            const id = (event.target as HTMLElement).closest<HTMLElement>('.card')?.dataset.id;
            if (id) open(id);
          }}
        >
          <ZoomLevel frame={frame} size={layout.size} huge={huge} />
          {huge ? (
            <>
              <HugeMap layout={layout} closenessAt={closenessAt} />
              <Overview layout={layout} />
            </>
          ) : (
            <ViewportPortal>
              <MapEdges graph={layout.topology.graph} layout={layout} />
            </ViewportPortal>
          )}
          {nodes.length > 30 && <MiniMap pannable zoomable nodeComponent={MiniNode} ariaLabel={null} className="minimap" />}
          <div className="zoom" role="group">
            <button type="button" onClick={() => void flow.zoomIn()} aria-label={text.map.zoomIn} title={`${text.map.zoomIn} (+)`}>
              <Icon name="plus" />
            </button>
            <button type="button" onClick={() => void flow.zoomOut()} aria-label={text.map.zoomOut} title={`${text.map.zoomOut} (−)`}>
              <Icon name="minus" />
            </button>
            <button type="button" onClick={() => fit(200)} aria-label={text.map.fit} title={`${text.map.fit} (0)`}>
              <Icon name="fit" />
            </button>
          </div>
        </ReactFlow>
      ) : (
        <p className="canvas-note">{failed ? text.map.layoutFailed : text.map.layingOut}</p>
      )}
    </div>
  );
}

function open(id: string): void {
  if (live.map.nodes.get(id)?.kind === 'service') go({ page: 'service', name: id });
}

interface Drawn extends Layout {
  topology: Topology;
}

/** The layout of the newest topology; the former one stays until the new one is ready. */
function useLayout(topology: Topology, frame: React.RefObject<HTMLDivElement | null>): { layout: Drawn | undefined; failed: boolean } {
  const [layout, setLayout] = useState<Drawn>();
  const [failed, setFailed] = useState(false);
  const last = useRef<Layout>(undefined);
  useEffect(() => {
    let wanted = true;
    const { clientWidth: width, clientHeight: height } = frame.current!;
    layOut(topology.graph, { width, height }, last.current).then(
      (made) => {
        if (!wanted) return;
        last.current = made;
        setLayout({ ...made, topology });
        setFailed(false);
      },
      () => wanted && setFailed(true),
    );
    return () => {
      wanted = false;
    };
  }, [topology, frame]);
  return { layout, failed };
}

const nodesOf = ({ positions }: Drawn): Node[] => [...positions].map(([id, position]) => ({ id, position, type: 'card', data: {}, ...card }));

/** About how a map lies that fits its frame; so nothing is drawn that is not seen in the next moment. */
function centred(size: Size, { clientWidth: width, clientHeight: height }: HTMLElement): Viewport {
  const zoom = fitZoom(size, { width, height }) * (1 - 2 * fitting.padding);
  return { x: (width - size.width * zoom) / 2, y: (height - size.height * zoom) / 2, zoom };
}

/** Moves the map only when the card is not wholly in sight, and by no more than needed to centre it. */
function bringIntoView(flow: ReturnType<typeof useReactFlow>, frame: HTMLElement, point: { x: number; y: number }): void {
  const { x, y, zoom } = flow.getViewport();
  const [left, top] = [point.x * zoom + x, point.y * zoom + y];
  const inside = left >= 8 && top >= 8 && left + card.width * zoom <= frame.clientWidth - 8 && top + card.height * zoom <= frame.clientHeight - 8;
  if (inside && zoom >= readable) return;
  void flow.setCenter(point.x + card.width / 2, point.y + card.height / 2, { zoom: Math.max(zoom, 0.7), duration: 200 });
}

/** Marks the frame with how close the map is seen, so that CSS alone decides how much is drawn and whether the overview helps. The cards of a huge map know for themselves. */
function ZoomLevel({ frame, size, huge }: { frame: React.RefObject<HTMLDivElement | null>; size: Size; huge: boolean }) {
  const level = useStore(({ transform: [, , zoom] }) => closenessAt(zoom));
  const whole = useStore(({ transform: [, , zoom], width, height }) => zoom <= fitZoom(size, { width, height }) * 1.02);
  useLayoutEffect(() => {
    const { dataset } = frame.current!;
    dataset.zoom = level;
    dataset.whole = String(whole);
    if (huge) delete dataset.closeness;
    else dataset.closeness = level;
  }, [level, whole, frame, huge]);
  return null;
}

function MiniNode({ id, x, y, width, height }: MiniMapNodeProps) {
  const tone = useKeyedView(live.map.nodes, id, (node) => (node ? toneOf(node) : 'idle'));
  return <rect className={`mini tone-${tone}`} x={x} y={y} width={width} height={height} rx={12} />;
}

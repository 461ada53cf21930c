import '@xyflow/react/dist/base.css';
import { MiniMap, ReactFlow, ReactFlowProvider, useReactFlow, useStore, type Edge, type MiniMapNodeProps, type Node, type Position } from '@xyflow/react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { live } from '../api/live';
import { card, mostLabelledEdges, type Direction, type Layout } from '../domain/layout';
import type { Topology } from '../domain/liveMap';
import { isArrow, step } from '../domain/navigate';
import { toneOf } from '../domain/tone';
import { layOut } from './elk';
import { Icon } from './glyphs';
import { useKeyedView } from './hooks';
import { ArrowHeads, MapEdge } from './MapEdge';
import { MapNode, useView } from './MapNode';
import { go } from './navigation';
import { useText } from './settings';

const nodeTypes = { card: MapNode };
const edgeTypes = { flow: MapEdge };

interface Props {
  topology: Topology;
  direction: Direction;
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

function Canvas({ topology, direction, reveal }: Props) {
  const text = useText();
  const view = useView();
  const flow = useReactFlow();
  const frame = useRef<HTMLDivElement>(null);
  const { layout, failed } = useLayout(topology, direction);
  const elements = useMemo(() => layout && elementsOf(topology, layout, direction), [layout]);

  useEffect(() => {
    if (layout) requestAnimationFrame(() => void flow.fitView({ padding: 0.06, maxZoom: 1.1 }));
  }, [layout?.size]);

  const show = (id: string) => {
    view.selected.set(id);
    const point = layout?.positions.get(id);
    if (point) bringIntoView(flow, frame.current!, point);
    frame.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
  };

  useEffect(() => {
    if (reveal && layout) show(reveal.id);
  }, [reveal, layout]);

  const onKeyDown = (event: React.KeyboardEvent) => {
    if (!layout || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = (event.target as HTMLElement).dataset.id;
    if (isArrow(event.key)) {
      const next = at ? step(topology.graph, layout.positions, at, event.key) : topology.graph.ids[0];
      if (next) show(next);
    } else if (event.key === 'Enter' && at) open(at);
    else if (event.key === ' ' && at) view.selected.set(view.selected.get() === at ? undefined : at);
    else if (event.key === '+' || event.key === '=') void flow.zoomIn();
    else if (event.key === '-') void flow.zoomOut();
    else if (event.key === '0') void flow.fitView({ padding: 0.06, maxZoom: 1.1 });
    else return;
    event.preventDefault();
  };

  return (
    <div ref={frame} className="canvas" role="application" aria-label={text.map.label} data-testid="map" data-laid-out={layout !== undefined} onKeyDown={onKeyDown}>
      <ArrowHeads />
      {elements ? (
        <ReactFlow
          nodes={elements.nodes}
          edges={elements.edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          fitView
          fitViewOptions={{ padding: 0.06, maxZoom: 1.1 }}
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
          onPaneClick={() => view.selected.set(undefined)}
          onNodeDoubleClick={(_, node) => open(node.id)}
        >
          <ZoomLevel frame={frame} />
          {elements.nodes.length > 30 && <MiniMap pannable zoomable nodeComponent={MiniNode} ariaLabel={null} className="minimap" />}
          <div className="zoom" role="group">
            <button type="button" onClick={() => void flow.zoomIn()} aria-label={text.map.zoomIn} title={`${text.map.zoomIn} (+)`}>
              <Icon name="plus" />
            </button>
            <button type="button" onClick={() => void flow.zoomOut()} aria-label={text.map.zoomOut} title={`${text.map.zoomOut} (−)`}>
              <Icon name="minus" />
            </button>
            <button type="button" onClick={() => void flow.fitView({ padding: 0.06, maxZoom: 1.1, duration: 200 })} aria-label={text.map.fit} title={`${text.map.fit} (0)`}>
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

/** The layout of the newest topology; the former one stays until the new one is ready. */
function useLayout(topology: Topology, direction: Direction): { layout: (Layout & { size: string }) | undefined; failed: boolean } {
  const [layout, setLayout] = useState<Layout & { size: string }>();
  const [failed, setFailed] = useState(false);
  const last = useRef<{ layout: Layout; direction: Direction }>(undefined);
  useEffect(() => {
    let wanted = true;
    const before = last.current?.direction === direction ? last.current.layout : undefined;
    layOut(topology.graph, direction, before).then(
      (made) => {
        if (!wanted) return;
        last.current = { layout: made, direction };
        setLayout({ ...made, size: `${direction}${made.positions.size}` });
        setFailed(false);
      },
      () => wanted && setFailed(true),
    );
    return () => {
      wanted = false;
    };
  }, [topology, direction]);
  return { layout, failed };
}

function elementsOf(topology: Topology, layout: Layout, direction: Direction): { nodes: Node[]; edges: Edge[] } {
  const [target, source] = (direction === 'RIGHT' ? ['left', 'right'] : ['top', 'bottom']) as [Position, Position];
  const labelled = topology.graph.links.length <= mostLabelledEdges;
  return {
    nodes: [...layout.positions].map(([id, position]) => ({
      id, position, type: 'card', data: {}, ...card, targetPosition: target, sourcePosition: source,
    })),
    edges: topology.graph.links.flatMap(({ from, to }) => {
      const id = `${from}→${to}`;
      const path = layout.edges.get(id);
      return path ? [{ id, source: from, target: to, type: 'flow', data: { ...path, labelled } }] : [];
    }),
  };
}

/** Moves the map only when the card is not wholly in sight, and by no more than needed to centre it. */
function bringIntoView(flow: ReturnType<typeof useReactFlow>, frame: HTMLElement, point: { x: number; y: number }): void {
  const { x, y, zoom } = flow.getViewport();
  const [left, top] = [point.x * zoom + x, point.y * zoom + y];
  const inside = left >= 8 && top >= 8 && left + card.width * zoom <= frame.clientWidth - 8 && top + card.height * zoom <= frame.clientHeight - 8;
  if (inside && zoom >= 0.25) return;
  void flow.setCenter(point.x + card.width / 2, point.y + card.height / 2, { zoom: Math.max(zoom, 0.7), duration: 200 });
}

/** Marks the frame with how close the map is seen, so that CSS alone decides how much a card says. */
function ZoomLevel({ frame }: { frame: React.RefObject<HTMLDivElement | null> }) {
  const level = useStore(({ transform: [, , zoom] }) => (zoom >= 0.6 ? 'near' : zoom >= 0.3 ? 'mid' : 'far'));
  useEffect(() => {
    frame.current!.dataset.zoom = level;
  }, [level, frame]);
  return null;
}

function MiniNode({ id, x, y, width, height }: MiniMapNodeProps) {
  const tone = useKeyedView(live.map.nodes, id, (node) => (node ? toneOf(node) : 'idle'));
  return <rect className={`mini tone-${tone}`} x={x} y={y} width={width} height={height} rx={12} />;
}

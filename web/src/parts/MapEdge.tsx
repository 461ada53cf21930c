import { memo, useMemo, useSyncExternalStore } from 'react';
import { live } from '../api/live';
import type { MapEdge as Shape } from '../api/shapes';
import * as format from '../domain/format';
import { edgeKey, type Graph } from '../domain/graph';
import { mostLabelledEdges, type EdgePath, type Layout } from '../domain/layout';
import { lookOf } from '../domain/traffic';
import { useKeyedView } from './hooks';
import { useView } from './MapNode';
import { useText } from './settings';

/**
 * All edges in one drawing below the cards. They are not React Flow's own: those each recompute their ends whenever the
 * map is moved, which six hundred of them make felt.
 */
export const MapEdges = memo(function MapEdges({ graph, layout }: { graph: Graph; layout: Layout }) {
  const labelled = graph.links.length <= mostLabelledEdges;
  const lines = useMemo(
    () => graph.links.map((link) => {
      const drawn = layout.edges.get(edgeKey(link));
      return drawn && <MapEdge key={edgeKey(link)} from={link.from} to={link.to} drawn={drawn} labelled={labelled} />;
    }),
    [graph, layout, labelled],
  );
  return (
    <svg className={labelled ? 'flows' : 'flows dense'} width={layout.size.width} height={layout.size.height} aria-hidden="true">
      <ArrowHeads />
      {lines}
    </svg>
  );
});

/** Of a map whose lines are a picture, those of the node that is looked at: all of them, with their words, over the picture. */
export const EdgesOfActive = memo(function EdgesOfActive({ graph, layout }: { graph: Graph; layout: Layout }) {
  const view = useView();
  const active = useSyncExternalStore(view.onActive, () => view.active());
  const own = active === undefined ? [] : [...graph.needsOf(active).map((to) => ({ from: active, to })), ...graph.dependantsOf(active).map((from) => ({ from, to: active }))];
  return (
    <svg className="flows dense" width="1" height="1" aria-hidden="true">
      <ArrowHeads />
      {own.map((link) => {
        const path = layout.edges.get(edgeKey(link));
        return path && <MapEdge key={edgeKey(link)} from={link.from} to={link.to} drawn={path} labelled={false} />;
      })}
    </svg>
  );
});

/** An edge: its line changes with the order of magnitude of its traffic, its words with every update. */
const MapEdge = memo(function MapEdge({ from, to, drawn, labelled }: { from: string; to: string; drawn: EdgePath; labelled: boolean }) {
  const { path, label } = drawn;
  const id = edgeKey({ from, to });
  const look = useKeyedView(live.map.edges, id, (edge) => {
    const { tone, weight } = lookOf(edge);
    return `tone-${tone} weight-${weight}`;
  });
  const view = useView();
  const hot = useSyncExternalStore(view.onActive, () => view.active() === from || view.active() === to);
  return (
    <g className={`flow ${look}${hot ? ' hot' : ''}`} data-edge={id}>
      <path d={path} markerEnd={`url(#arrow-${look.slice(5, look.indexOf(' '))})`} />
      {(labelled || hot) && <Label id={id} x={label.x} y={label.y} />}
    </g>
  );
});

/** About the width of a character at the labels' size. */
const digitPx = 6.2;

function Label({ id, x, y }: { id: string; x: number; y: number }) {
  const text = useText();
  const words = useKeyedView(live.map.edges, id, (edge) => flowWords(edge, text.map.perSecond));
  if (words === '') return null;
  const [rate = '', latency = ''] = words.split('\n');
  const width = 12 + Math.max(rate.length, latency.length) * digitPx;
  return (
    <>
      <rect x={x - width / 2} y={y - 15} width={width} height={30} rx={4} />
      <text>
        <tspan x={x} y={y - 3}>
          {rate}
        </tspan>
        <tspan x={x} y={y + 11}>
          {latency}
        </tspan>
      </text>
    </>
  );
}

/** `12/s · ✕ 1.2%` above the line and `34 ms` below it; nothing where nothing flows. */
function flowWords(edge: Shape | undefined, perSecond: string): string {
  if (!edge || edge.requestsPerSecond <= 0) return '';
  const errors = edge.errorRatio > 0 ? ` · ${edge.errorRatio >= 0.01 ? '✕ ' : ''}${format.percent(edge.errorRatio)}` : '';
  return `${format.rate(edge.requestsPerSecond)}${perSecond}${errors}\n${format.latency(edge.p99Ms)}`;
}

/** The arrow heads, one per tone. */
function ArrowHeads() {
  return (
    <defs>
      {(['ok', 'warn', 'bad', 'idle'] as const).map((tone) => (
        <marker key={tone} id={`arrow-${tone}`} className={`arrow tone-${tone}`} viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">
          <path d="M0 1 10 5 0 9Z" />
        </marker>
      ))}
    </defs>
  );
}

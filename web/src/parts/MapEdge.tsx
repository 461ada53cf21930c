import type { EdgeProps } from '@xyflow/react';
import { memo, useSyncExternalStore } from 'react';
import { live } from '../api/live';
import type { MapEdge as Shape } from '../api/shapes';
import * as format from '../domain/format';
import type { EdgePath } from '../domain/layout';
import { lookOf } from '../domain/traffic';
import { useKeyedView } from './hooks';
import { useView } from './MapNode';
import { useText } from './settings';

/** An edge: its line changes with the order of magnitude of its traffic, its words with every update. */
export const MapEdge = memo(function MapEdge({ id, source, target, data }: EdgeProps) {
  const { path, label, labelled } = data as unknown as EdgePath & { labelled: boolean };
  const look = useKeyedView(live.map.edges, id, (edge) => {
    const { tone, weight } = lookOf(edge);
    return `tone-${tone} weight-${weight}`;
  });
  const view = useView();
  const hot = useSyncExternalStore(view.onActive, () => view.active() === source || view.active() === target);
  return (
    <g className={`flow ${look}${hot ? ' hot' : ''}`} data-edge={id}>
      <path d={path} markerEnd={`url(#arrow-${look.slice(5, look.indexOf(' '))})`} />
      {(labelled || hot) && <Label id={id} x={label.x} y={label.y} />}
    </g>
  );
});

function Label({ id, x, y }: { id: string; x: number; y: number }) {
  const text = useText();
  const words = useKeyedView(live.map.edges, id, (edge) => (edge ? flowWords(edge, text.map.perSecond) : ''));
  return (
    <text x={x} y={y} dy="0.35em">
      {words}
    </text>
  );
}

/** `12/s · 1.2% · 34 ms`; nothing where nothing flows. */
export function flowWords(edge: Shape, perSecond: string): string {
  if (edge.requestsPerSecond <= 0) return '';
  const errors = edge.errorRatio > 0 ? ` · ${edge.errorRatio >= 0.01 ? '✕ ' : ''}${format.percent(edge.errorRatio)}` : '';
  return `${format.rate(edge.requestsPerSecond)}${perSecond}${errors} · ${format.latency(edge.p99Ms)}`;
}

/** The arrow heads, one per tone. */
export function ArrowHeads() {
  return (
    <svg className="unseen" aria-hidden="true">
      <defs>
        {(['ok', 'warn', 'bad', 'idle'] as const).map((tone) => (
          <marker key={tone} id={`arrow-${tone}`} className={`arrow tone-${tone}`} viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">
            <path d="M0 1 10 5 0 9Z" />
          </marker>
        ))}
      </defs>
    </svg>
  );
}

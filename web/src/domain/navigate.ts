import type { Graph } from './graph';

export interface Point {
  x: number;
  y: number;
}

export type Arrow = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';

const directions: Record<Arrow, Point> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** Neighbours more than this far off the arrow's direction belong to another arrow: cos 60°. */
const cone = 0.5;

export const isArrow = (key: string): key is Arrow => key in directions;

/**
 * Where an arrow key leads from a node: along an edge where one leads that way, else to the nearest node there;
 * undefined at the map's border.
 */
export function step(graph: Graph, positions: ReadonlyMap<string, Point>, from: string, arrow: Arrow): string | undefined {
  const joined = new Set([...graph.needsOf(from), ...graph.dependantsOf(from)]);
  return nearest(joined, positions, from, arrow) ?? nearest(positions.keys(), positions, from, arrow);
}

function nearest(ids: Iterable<string>, positions: ReadonlyMap<string, Point>, from: string, arrow: Arrow): string | undefined {
  const start = positions.get(from);
  if (!start) return undefined;
  const way = directions[arrow];
  let best: string | undefined;
  let bestCost = Infinity;
  for (const id of ids) {
    const point = positions.get(id);
    if (!point || id === from) continue;
    const dx = point.x - start.x;
    const dy = point.y - start.y;
    const length = Math.hypot(dx, dy);
    const along = dx * way.x + dy * way.y;
    if (length === 0 || along / length < cone) continue;
    // Off the straight line counts double: the eye follows the arrow.
    const cost = along + 2 * Math.abs(dx * way.y + dy * way.x);
    if (cost < bestCost) {
      bestCost = cost;
      best = id;
    }
  }
  return best;
}

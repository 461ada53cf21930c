import { edgeKey, type Graph, type Link } from './graph';
import { card, curved, layerBound, type Direction, type EdgePath, type Layout, type Size } from './layout';
import type { Point } from './navigate';

/** Beyond either, the layout is made here in some milliseconds, where the layout engine would take a minute. */
export const mostEngineNodes = 400;
export const mostEngineEdges = 2000;

export const isHuge = (graph: Graph): boolean => graph.ids.length > mostEngineNodes || graph.links.length > mostEngineEdges;

const margin = 24;
const gap = { within: 24, between: 90 };
const sweeps = 4;

/**
 * Layers by the number of steps from those whom nobody calls, each ordered by where its neighbours are, and folded so that the whole has about the shape of
 * the frame. The same graph always has the same layout.
 */
export function layFast(graph: Graph, frame: Size): Layout {
  const direction: Direction = frame.width >= frame.height ? 'RIGHT' : 'DOWN';
  const layers = ordered(layersOf(graph), graph);
  const bound = layerBound(graph.ids.length, direction, frame);
  const folded = layers.flatMap((layer) => chunks(layer, bound));
  const [along, across] = direction === 'RIGHT' ? [card.width + gap.between, card.height + gap.within] : [card.height + gap.between, card.width + gap.within];
  const widest = Math.max(1, ...folded.map((layer) => layer.length));
  const positions = new Map<string, Point>();
  folded.forEach((layer, depth) => {
    const start = ((widest - layer.length) * across) / 2;
    layer.forEach((id, place) => {
      const [a, b] = [margin + depth * along, margin + start + place * across];
      positions.set(id, direction === 'RIGHT' ? { x: a, y: b } : { x: b, y: a });
    });
  });
  const [length, breadth] = [2 * margin + folded.length * along - gap.between, 2 * margin + widest * across - gap.within];
  return { direction, size: direction === 'RIGHT' ? { width: length, height: breadth } : { width: breadth, height: length }, positions, edges: edgesOf(graph, positions, direction) };
}

/** Who is how many steps away from those whom nobody calls; what only calls itself in circles begins anew. */
function layersOf(graph: Graph): string[][] {
  const depth = new Map<string, number>();
  const reach = (starts: readonly string[]) => {
    let layer = [...starts];
    for (let steps = 0; layer.length > 0; steps++) {
      for (const id of layer) depth.set(id, steps);
      layer = [...new Set(layer.flatMap((id) => graph.needsOf(id)))].filter((id) => !depth.has(id));
    }
  };
  reach(graph.ids.filter((id) => graph.dependantsOf(id).length === 0));
  for (const id of graph.ids) if (!depth.has(id)) reach([id]);
  const layers: string[][] = [];
  for (const id of graph.ids) (layers[depth.get(id)!] ??= []).push(id);
  return layers;
}

/** Down and up again, each layer by the mean place of its neighbours in the layers around it. */
function ordered(layers: string[][], graph: Graph): string[][] {
  const place = new Map<string, number>();
  const note = (layer: readonly string[]) => layer.forEach((id, index) => place.set(id, (index + 0.5) / layer.length));
  layers.forEach(note);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const down = sweep % 2 === 0;
    for (let i = 0; i < layers.length; i++) {
      const at = down ? i : layers.length - 1 - i;
      const mean = new Map(layers[at]!.map((id) => [id, meanOf(down ? graph.dependantsOf(id) : graph.needsOf(id), place) ?? place.get(id)!]));
      layers[at]!.sort((a, b) => mean.get(a)! - mean.get(b)! || (a < b ? -1 : 1));
      note(layers[at]!);
    }
  }
  return layers;
}

const meanOf = (ids: readonly string[], place: ReadonlyMap<string, number>): number | undefined => (ids.length === 0 ? undefined : ids.reduce((sum, id) => sum + place.get(id)!, 0) / ids.length);

/** Evenly filled pieces of at most `most`. */
function chunks(layer: readonly string[], most: number): string[][] {
  const count = Math.ceil(layer.length / most);
  const size = Math.ceil(layer.length / count);
  return Array.from({ length: count }, (_, index) => layer.slice(index * size, (index + 1) * size));
}

function edgesOf(graph: Graph, positions: ReadonlyMap<string, Point>, direction: Direction): ReadonlyMap<string, EdgePath> {
  return new Map(
    graph.links.map((link) => {
      const [a, b] = [positions.get(link.from)!, positions.get(link.to)!];
      const [from, to] = direction === 'RIGHT' ? [{ x: a.x + card.width, y: a.y + card.height / 2 }, { x: b.x, y: b.y + card.height / 2 }] : [{ x: a.x + card.width / 2, y: a.y + card.height }, { x: b.x + card.width / 2, y: b.y }];
      return [edgeKey(link), { path: curved([from, to], direction), label: { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 } }] as const;
    }),
  );
}

/** Of a huge map these edges are drawn: the busiest and those that fail. */
export function drawnEdges<T extends Link & { requestsPerSecond: number; errorRatio: number }>(edges: Iterable<T>, most: number, badErrors: number): T[] {
  const busiest = [...edges].sort((a, b) => b.requestsPerSecond - a.requestsPerSecond);
  const chosen = new Set(busiest.filter((edge) => edge.requestsPerSecond > 0 && edge.errorRatio >= badErrors).slice(0, most / 2));
  for (const edge of busiest) {
    if (chosen.size >= most) break;
    chosen.add(edge);
  }
  return [...chosen];
}

import ELK from 'elkjs/lib/elk-api';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import type { Graph } from '../domain/graph';
import { isHuge, layFast } from '../domain/layoutFast';
import { fitZoom, fromElk, mostLabelledEdges, toElk, type Direction, type Layout, type Size } from '../domain/layout';

let engine: InstanceType<typeof ELK> | undefined;

/**
 * Lays the graph out: a huge one at once, any other by an engine in a worker, which is loaded with the first call. The first layout of a small graph is made in both
 * directions and the one that shows larger in the frame is taken; later ones keep the direction and the order.
 */
export async function layOut(graph: Graph, frame: Size, before: Layout | undefined): Promise<Layout> {
  if (isHuge(graph)) return layFast(graph, frame);
  engine ??= new ELK({ workerFactory: () => new Worker(workerUrl) });
  if (before) return one(graph, before.direction, frame, before);
  const natural: Direction = frame.width >= frame.height ? 'RIGHT' : 'DOWN';
  const made = await one(graph, natural, frame, undefined);
  if (graph.links.length > mostLabelledEdges || fitZoom(made.size, frame) >= 1) return made;
  const other = await one(graph, natural === 'RIGHT' ? 'DOWN' : 'RIGHT', frame, undefined);
  return fitZoom(other.size, frame) > fitZoom(made.size, frame) ? other : made;
}

async function one(graph: Graph, direction: Direction, frame: Size, before: Layout | undefined): Promise<Layout> {
  return fromElk(await engine!.layout(toElk(graph, direction, frame, before?.positions)), direction);
}

import ELK from 'elkjs/lib/elk-api';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import type { Graph } from '../domain/graph';
import { fromElk, toElk, type Direction, type Layout } from '../domain/layout';

let engine: InstanceType<typeof ELK> | undefined;

/** Lays the graph out in a worker, which is loaded with the first call. */
export async function layOut(graph: Graph, direction: Direction, before: Layout | undefined): Promise<Layout> {
  engine ??= new ELK({ workerFactory: () => new Worker(workerUrl) });
  return fromElk(await engine.layout(toElk(graph, direction, before?.positions)), direction);
}

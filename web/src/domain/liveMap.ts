import type { MapFinding } from '../api/observeShapes';
import type { MapAnswer, MapEdge, MapNode } from '../api/shapes';
import { edgeKey, Graph } from './graph';
import { heatOf } from './overlay';
import { Cell, Keyed } from './store';
import { countTones, toneOf, type Tone } from './tone';
import { sumOf, type Flow } from './traffic';

/** What the layout depends on: it changes only when a node or an edge comes or goes. */
export interface Topology {
  key: string;
  graph: Graph;
}

/** The map as it last arrived, watched node by node and edge by edge. */
export class LiveMap {
  readonly nodes = new Keyed<MapNode>();
  readonly edges = new Keyed<MapEdge>();
  readonly topology = new Cell<Topology | undefined>(undefined);
  readonly counts = new Cell<Record<Tone, number>>(countTones([]));
  /** The greatest heat of any node. */
  mostHeat = 0;
  readonly findings = new Cell<readonly MapFinding[]>([]);
  /** Changes with every answer, for views that show everything in order. */
  readonly tick = new Cell<number>(0);

  apply(answer: MapAnswer): void {
    const nodes = [...answer.nodes].sort((a, b) => (a.id < b.id ? -1 : 1));
    this.nodes.replace(nodes.map((node) => [node.id, node]));
    const graph = new Graph(nodes.map((node) => node.id), sorted(answer.edges));
    const drawn = new Set(graph.links.map(edgeKey));
    this.edges.replace(answer.edges.filter((edge) => drawn.has(edgeKey(edge))).map((edge) => [edgeKey(edge), edge]));
    this.counts.set(countTones(nodes.filter((node) => node.kind === 'service').map(toneOf)));
    const key = `${graph.ids.join(' ')}|${graph.links.map(edgeKey).join(' ')}`;
    if (this.topology.get()?.key !== key) this.topology.set({ key, graph });
    this.mostHeat = Math.max(0, ...nodes.map((node) => (node.kind === 'gateway' ? 0 : heatOf(this.flowOf(node.id)))));
    this.findings.set(answer.findings ?? []);
    this.tick.set(this.tick.get() + 1);
  }

  /** What arrives at a node; for nodes that nobody calls, like the gateway, what they send. Undefined without edges. */
  flowOf(id: string): Flow | undefined {
    const graph = this.topology.get()?.graph;
    if (!graph) return undefined;
    const arriving = graph.dependantsOf(id).map((from) => edgeKey({ from, to: id }));
    const keys = arriving.length > 0 ? arriving : graph.needsOf(id).map((to) => edgeKey({ from: id, to }));
    return keys.length > 0 ? sumOf(keys.flatMap((key) => this.edges.get(key) ?? [])) : undefined;
  }
}

const sorted = (edges: readonly MapEdge[]): MapEdge[] => [...edges].sort((a, b) => (edgeKey(a) < edgeKey(b) ? -1 : 1));

import type { MapFinding } from '../api/observeShapes';
import type { MapAnswer, MapEdge, MapNode } from '../api/shapes';
import { edgeKey, Graph } from './graph';
import { heatOf } from './overlay';
import { Cell, Keyed } from './store';
import { countTones, toneOf, type Tone } from './tone';
import { sumOf, type Flow } from './traffic';

/** So many answers wait at a time while the map is moved. */
const mostWaiting = 2;

/** What the layout depends on: it changes only when a node or an edge comes or goes. */
export interface Topology {
  key: string;
  graph: Graph;
}

/**
 * The map as it last arrived, watched node by node and edge by edge. A map of ten thousand edges arrives every second: where the same nodes and edges came
 * in the same order as before, as they nearly always do, nothing is sorted and no key is made anew.
 */
export class LiveMap {
  readonly nodes = new Keyed<MapNode>();
  readonly edges = new Keyed<MapEdge>();
  readonly topology = new Cell<Topology | undefined>(undefined);
  readonly counts = new Cell<Record<Tone, number>>(countTones([]));
  readonly findings = new Cell<readonly MapFinding[]>([]);
  /** Changes with every answer, for views that show everything in order. */
  readonly tick = new Cell<number>(0);

  private order = new Order([], []);
  private moves = false;
  private waits: MapAnswer | undefined;
  private waited = 0;
  private readonly flows = new Map<string, Flow | undefined>();
  private heat: number | undefined;

  /** While the map is moved, of three answers one is shown: a thousand cards that change would be felt. The last one is shown when it rests. */
  set moving(moves: boolean) {
    this.moves = moves;
    this.waited = 0;
    const { waits } = this;
    this.waits = undefined;
    if (!moves && waits) this.apply(waits);
  }

  apply(answer: MapAnswer): void {
    if (this.moves && this.topology.get() && this.waited < mostWaiting) {
      this.waits = answer;
      this.waited++;
      return;
    }
    this.waits = undefined;
    this.waited = 0;
    if (this.order.isOf(answer)) {
      this.nodes.renew(this.order.ids, answer.nodes);
      this.edges.renew(this.order.keys, answer.edges);
    } else this.arrange(answer);
    this.flows.clear();
    this.heat = undefined;
    this.counts.set(countTones(answer.nodes.filter((node) => node.kind === 'service').map(toneOf)));
    this.findings.set(answer.findings ?? []);
    this.tick.set(this.tick.get() + 1);
  }

  /** The greatest heat of any node. */
  get mostHeat(): number {
    if (this.heat === undefined) {
      this.heat = 0;
      for (const node of this.nodes.all()) if (node.kind !== 'gateway') this.heat = Math.max(this.heat, heatOf(this.flowOf(node.id)));
    }
    return this.heat;
  }

  /** What arrives at a node; for nodes that nobody calls, like the gateway, what they send. Undefined without edges. Added up once for every answer. */
  flowOf(id: string): Flow | undefined {
    if (!this.flows.has(id)) this.flows.set(id, this.sum(id));
    return this.flows.get(id);
  }

  private sum(id: string): Flow | undefined {
    const graph = this.topology.get()?.graph;
    if (!graph) return undefined;
    const arriving = graph.arriving(id);
    const keys = arriving.length > 0 ? arriving : graph.leaving(id);
    return keys.length > 0 ? sumOf(keys.flatMap((key) => this.edges.get(key) ?? [])) : undefined;
  }

  private arrange(answer: MapAnswer): void {
    const nodes = [...answer.nodes].sort((a, b) => (a.id < b.id ? -1 : 1));
    this.nodes.replace(nodes.map((node) => [node.id, node]));
    const graph = new Graph(nodes.map((node) => node.id), sorted(answer.edges));
    const drawn = new Set(graph.links.map(edgeKey));
    this.edges.replace(answer.edges.filter((edge) => drawn.has(edgeKey(edge))).map((edge) => [edgeKey(edge), edge]));
    const key = `${graph.ids.join(' ')}|${graph.links.map(edgeKey).join(' ')}`;
    if (this.topology.get()?.key !== key) this.topology.set({ key, graph });
    // With an edge that is not drawn, or one that came twice, the next answer is arranged anew too.
    this.order = drawn.size === answer.edges.length && graph.ids.length === nodes.length ? new Order(answer.nodes, answer.edges) : new Order([], []);
  }
}

/** Which nodes and edges came, in which order. */
class Order {
  readonly ids: readonly string[];
  readonly keys: readonly string[];

  constructor(private readonly nodes: readonly MapNode[], private readonly edges: readonly MapEdge[]) {
    this.ids = nodes.map((node) => node.id);
    this.keys = edges.map(edgeKey);
  }

  isOf({ nodes, edges }: MapAnswer): boolean {
    return (
      nodes.length > 0 && nodes.length === this.nodes.length && edges.length === this.edges.length &&
      nodes.every((node, at) => node.id === this.nodes[at]!.id) &&
      edges.every((edge, at) => edge.from === this.edges[at]!.from && edge.to === this.edges[at]!.to)
    );
  }
}

const sorted = (edges: readonly MapEdge[]): MapEdge[] => {
  const keys = new Map(edges.map((edge) => [edge, edgeKey(edge)] as const));
  return [...edges].sort((a, b) => (keys.get(a)! < keys.get(b)! ? -1 : 1));
};

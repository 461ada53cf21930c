import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api';
import { edgeKey, type Graph } from './graph';
import type { Point } from './navigate';

export type Direction = 'RIGHT' | 'DOWN';

/** Size of a node's card in pixels at zoom 1; every card has it, so that a state change never moves anything. */
export const card = { width: 216, height: 92 };

/** Room for `1.2k/s · 0.4% · 34 ms` beside an edge. */
export const label = { width: 128, height: 16 };

/** Above this, labels are shown for the selected node's edges only, and the layout keeps no room for them. */
export const mostLabelledEdges = 60;

/** Where everything lies. Positions are the cards' top left corners. */
export interface Layout {
  positions: ReadonlyMap<string, Point>;
  edges: ReadonlyMap<string, EdgePath>;
}

export interface EdgePath {
  path: string;
  /** The middle of the label. */
  label: Point;
}

/**
 * The graph as the layered algorithm of ELK reads it. With the positions of an earlier layout, what was there keeps its
 * order within its layer, so that a new service does not reshuffle the map.
 */
export function toElk(graph: Graph, direction: Direction, before?: ReadonlyMap<string, Point>): ElkNode {
  const labelled = graph.links.length <= mostLabelledEdges;
  return {
    id: 'map',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': direction,
      'elk.edgeRouting': labelled ? 'ORTHOGONAL' : 'POLYLINE',
      'elk.randomSeed': '1',
      'elk.padding': '[top=24,left=24,bottom=24,right=24]',
      'elk.spacing.nodeNode': '28',
      'elk.spacing.edgeNode': '18',
      'elk.spacing.edgeEdge': labelled ? '14' : '6',
      'elk.spacing.edgeLabel': '4',
      'elk.spacing.componentComponent': '56',
      'elk.layered.spacing.nodeNodeBetweenLayers': labelled ? '40' : '120',
      'elk.layered.spacing.edgeNodeBetweenLayers': '20',
      'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
      'elk.layered.nodePlacement.favorStraightEdges': 'true',
      'elk.layered.thoroughness': labelled ? '20' : '5',
      'elk.layered.crossingMinimization.semiInteractive': String(before !== undefined),
      'elk.layered.unnecessaryBendpoints': 'false',
    },
    children: graph.ids.map((id) => {
      const was = before?.get(id);
      return {
        id,
        ...card,
        layoutOptions: {
          ...(was && { 'elk.position': `(${was.x},${was.y})` }),
          ...(id === 'gateway' && { 'elk.layered.layering.layerConstraint': 'FIRST' }),
        },
      };
    }),
    edges: graph.links.map((link) => ({
      id: edgeKey(link),
      sources: [link.from],
      targets: [link.to],
      ...(labelled && {
        labels: [{ id: `${edgeKey(link)}:label`, text: 'x', ...label, layoutOptions: { 'elk.edgeLabels.placement': 'CENTER' } }],
      }),
    })),
  };
}

/** Reads ELK's answer. */
export function fromElk(answer: ElkNode, direction: Direction): Layout {
  const positions = new Map((answer.children ?? []).map((node) => [node.id, { x: node.x ?? 0, y: node.y ?? 0 }] as const));
  const edges = new Map(((answer.edges ?? []) as ElkExtendedEdge[]).map((edge) => [edge.id, pathOf(edge, direction)] as const));
  return { positions, edges };
}

function pathOf(edge: ElkExtendedEdge, direction: Direction): EdgePath {
  const section = edge.sections?.[0];
  if (!section) return { path: '', label: { x: 0, y: 0 } };
  const points = [section.startPoint, ...(section.bendPoints ?? []), section.endPoint];
  const placed = edge.labels?.[0];
  return placed
    ? { path: rounded(points), label: { x: (placed.x ?? 0) + label.width / 2, y: (placed.y ?? 0) + label.height / 2 } }
    : { path: curved(points, direction), label: middle(points) };
}

/** Straight runs with rounded corners, for few edges: each can be followed by eye. */
export function rounded(points: readonly Point[], radius = 10): string {
  let path = `M${xy(points[0]!)}`;
  for (let i = 1; i < points.length - 1; i++) {
    const [before, corner, after] = [points[i - 1]!, points[i]!, points[i + 1]!];
    path += `L${xy(towards(corner, before, radius))}Q${xy(corner)} ${xy(towards(corner, after, radius))}`;
  }
  return `${path}L${xy(points.at(-1)!)}`;
}

/** Smooth curves that leave and arrive along the layout's direction, for many edges. */
export function curved(points: readonly Point[], direction: Direction): string {
  let path = `M${xy(points[0]!)}`;
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1]!, points[i]!];
    const half = direction === 'RIGHT' ? (b.x - a.x) / 2 : (b.y - a.y) / 2;
    const [c, d] = direction === 'RIGHT' ? [{ x: a.x + half, y: a.y }, { x: b.x - half, y: b.y }] : [{ x: a.x, y: a.y + half }, { x: b.x, y: b.y - half }];
    path += `C${xy(c)} ${xy(d)} ${xy(b)}`;
  }
  return path;
}

function towards(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const share = Math.min(distance, length / 2) / length;
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}

function middle(points: readonly Point[]): Point {
  const at = (points.length - 1) / 2;
  const [a, b] = [points[Math.floor(at)]!, points[Math.ceil(at)]!];
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

const xy = ({ x, y }: Point): string => `${Math.round(x * 10) / 10},${Math.round(y * 10) / 10}`;

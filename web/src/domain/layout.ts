import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api';
import { edgeKey, type Graph } from './graph';
import type { Point } from './navigate';

export type Direction = 'RIGHT' | 'DOWN';

/** Size of a node's card in pixels at zoom 1; every card has it, so that a state change never moves anything. */
export const card = { width: 216, height: 92 };

/** Room for the two lines of words on an edge: `1.2k/s · 0.4%` and `34 ms`. */
export const label = { width: 92, height: 30 };

/** Above this, words are shown for the selected node's edges only, and the layout keeps no room for them. */
export const mostLabelledEdges = 60;

export interface Size {
  width: number;
  height: number;
}

/** Where everything lies. Positions are the cards' top left corners. */
export interface Layout {
  direction: Direction;
  size: Size;
  positions: ReadonlyMap<string, Point>;
  edges: ReadonlyMap<string, EdgePath>;
}

export interface EdgePath {
  path: string;
  /** The middle of the label. */
  label: Point;
}

/** How large the whole map appears in a frame, 1 being natural size. */
export const fitZoom = (map: Size, frame: Size): number => Math.min(frame.width / map.width, frame.height / map.height);

/**
 * The graph as the layered algorithm of ELK reads it. With the positions of an earlier layout, what was there keeps its
 * order within its layer, so that a new service does not reshuffle the map.
 */
export function toElk(graph: Graph, direction: Direction, frame: Size, before?: ReadonlyMap<string, Point>): ElkNode {
  const labelled = graph.links.length <= mostLabelledEdges;
  return {
    id: 'map',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': direction,
      'elk.randomSeed': '1',
      'elk.padding': '[top=24,left=24,bottom=24,right=24]',
      'elk.aspectRatio': String(frame.width / frame.height),
      'elk.layered.crossingMinimization.semiInteractive': String(before !== undefined),
      ...(labelled ? roomy(direction) : dense(graph.ids.length, direction, frame)),
    },
    children: graph.ids.map((id) => {
      const was = before?.get(id);
      return { id, ...card, ...(was && { layoutOptions: { 'elk.position': `(${was.x},${was.y})` } }) };
    }),
    edges: graph.links.map((link) => ({
      id: edgeKey(link),
      sources: [link.from],
      targets: [link.to],
      ...(labelled && { labels: [{ id: `${edgeKey(link)}:label`, text: '-', ...label, layoutOptions: { 'elk.edgeLabels.inline': 'true' } }] }),
    })),
  };
}

const roomy = (direction: Direction): Record<string, string> => ({
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.spacing.nodeNode': '32',
  'elk.spacing.edgeNode': '20',
  'elk.spacing.edgeEdge': '14',
  'elk.spacing.componentComponent': '56',
  'elk.layered.spacing.nodeNodeBetweenLayers': direction === 'RIGHT' ? '20' : '18',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.thoroughness': '20',
});

// Measured on 200 nodes and 600 edges: network simplex placement takes 40 s, this 2 s; bounded layers let the map fill the
// frame, where a layer of fifty services would leave it unreadably small.
const dense = (count: number, direction: Direction, frame: Size): Record<string, string> => ({
  'elk.edgeRouting': 'POLYLINE',
  'elk.spacing.nodeNode': '24',
  'elk.spacing.edgeNode': '4',
  'elk.spacing.edgeEdge': '1',
  'elk.layered.spacing.nodeNodeBetweenLayers': '90',
  'elk.layered.nodePlacement.strategy': 'SIMPLE',
  'elk.layered.thoroughness': '2',
  'elk.layered.layering.strategy': 'COFFMAN_GRAHAM',
  'elk.layered.layering.coffmanGraham.layerBound': String(layerBound(count, direction, frame)),
});

/** How many cards a layer may hold so that the whole has about the shape of the frame. */
export function layerBound(count: number, direction: Direction, frame: Size): number {
  const [across, along] = direction === 'RIGHT' ? [card.height + 24, card.width + 90] : [card.width + 24, card.height + 90];
  const aspect = direction === 'RIGHT' ? frame.width / frame.height : frame.height / frame.width;
  return Math.max(3, Math.ceil(Math.sqrt((count * along) / (across * aspect))));
}

/** Reads ELK's answer. */
export function fromElk(answer: ElkNode, direction: Direction): Layout {
  const positions = new Map((answer.children ?? []).map((node) => [node.id, { x: node.x ?? 0, y: node.y ?? 0 }] as const));
  const edges = new Map(((answer.edges ?? []) as ElkExtendedEdge[]).map((edge) => [edge.id, pathOf(edge, direction)] as const));
  return { direction, size: { width: answer.width ?? 1, height: answer.height ?? 1 }, positions, edges };
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

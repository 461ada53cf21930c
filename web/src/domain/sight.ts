import { card, type Size } from './layout';
import type { Point } from './navigate';
import type { Closeness } from './view';

/** A part of the map, in its own measure. */
export interface Box extends Point, Size {}

/** How the map lies in its frame: what is at 0 of the map is at `x` and `y` of the frame, and a pixel of it is `zoom` wide there. */
export interface Lie extends Point {
  zoom: number;
}

/** What is drawn of a huge map: more than is seen, so that most movements only push it about. */
export interface Cover {
  box: Box;
  zoom: number;
}

/** So much of the frame is drawn beyond each of its sides. */
const beyond = 0.5;

/** From here on what was drawn at another zoom is too coarse, or most of it too small. */
const mostStretch = 2;

/** The part of the map that a frame shows. */
export const sightOf = ({ x, y, zoom }: Lie, frame: Size): Box => ({ x: -x / zoom, y: -y / zoom, width: frame.width / zoom, height: frame.height / zoom });

export const meets = (a: Box, b: Box): boolean => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** What is to be drawn around what is seen: whole pixels of the frame, and nothing beyond the map. */
export function coverOf(lie: Lie, frame: Size, map: Size): Cover {
  const { x, y, zoom } = lie;
  const side = (length: number, at: number, whole: number) => {
    const [first, last] = [Math.max(-beyond * length, at), Math.min((1 + beyond) * length, at + whole * zoom)].map(Math.round) as [number, number];
    return [(first - at) / zoom, Math.max(1, last - first) / zoom] as const;
  };
  const [[left, width], [top, height]] = [side(frame.width, x, map.width), side(frame.height, y, map.height)];
  return { box: { x: left, y: top, width, height }, zoom };
}

/** Whether what is drawn no longer will do: something is seen that is not drawn, or it was drawn for quite another zoom. */
export function isOutgrown({ box, zoom }: Cover, lie: Lie, frame: Size, map: Size): boolean {
  const sight = sightOf(lie, frame);
  const slack = 1 / lie.zoom;
  const open = (at: number, length: number, from: number, size: number, whole: number) => Math.max(at, 0) < from - slack || Math.min(at + length, whole) > from + size + slack;
  const stretch = lie.zoom / zoom;
  return stretch > mostStretch || stretch < 1 / mostStretch || (meets(sight, { x: 0, y: 0, ...map }) && (open(sight.x, sight.width, box.x, box.width, map.width) || open(sight.y, sight.height, box.y, box.height, map.height)));
}

/** The cards that lie at least in part in a box, those in its middle first. */
export function cardsIn(positions: ReadonlyMap<string, Point>, box: Box): string[] {
  const [x, y] = [box.x + (box.width - card.width) / 2, box.y + (box.height - card.height) / 2];
  const found: { id: string; far: number }[] = [];
  for (const [id, at] of positions) if (meets(box, { ...at, ...card })) found.push({ id, far: Math.max(Math.abs(at.x - x) / box.width, Math.abs(at.y - y) / box.height) });
  return found.sort((a, b) => a.far - b.far).map((one) => one.id);
}

/** How much each card says that is drawn. */
export type DrawnCards = ReadonlyMap<string, Closeness>;

/** So many cards leave in the time in which one comes. */
const leavesPerCome = 6;

/**
 * One step from the cards that are drawn to those that are wanted: of new ones and those that are to say more or less at most `most` in a step, the new ones
 * first, so that no frame waits for hundreds; those that leave cost less. The same map where nothing is left to do.
 */
export function advance(drawn: DrawnCards, wanted: readonly string[], detail: Closeness, most: number): DrawnCards {
  const keep = new Set(wanted);
  const come = wanted.filter((id) => !drawn.has(id));
  const change = wanted.filter((id) => drawn.has(id) && drawn.get(id) !== detail);
  const leave = [...drawn.keys()].filter((id) => !keep.has(id));
  const now = [...[...come, ...change].slice(0, most), ...leave.slice(0, most * leavesPerCome)];
  if (now.length === 0) return drawn;
  const next = new Map(drawn);
  for (const id of now) {
    if (keep.has(id)) next.set(id, detail);
    else next.delete(id);
  }
  return next;
}

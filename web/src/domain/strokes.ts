import type { MapEdge } from '../api/shapes';
import { edgeKey, type Link } from './graph';
import type { Layout } from './layout';
import { meets, type Box } from './sight';
import { lookOf } from './traffic';
import type { Tone } from './tone';

/** A line of a huge map: where it goes, which part of the map it is in, and where its head points. */
export interface Stroke {
  key: string;
  path: string;
  box: Box;
  /** Boxes around parts of the line: a long one passes through little of its box. */
  parts: readonly Box[];
  head: { x: number; y: number; along: 'x' | 'y'; sign: 1 | -1 };
}

/** So many parts a curve has. */
const partsOfCurve = 8;

/** Lines by the place of their cards; those that lead nowhere are left out. */
export function strokesOf(links: readonly Link[], layout: Layout): Stroke[] {
  return links.flatMap((link) => {
    const drawn = layout.edges.get(edgeKey(link));
    const numbers = drawn?.path.match(/-?\d+(\.\d+)?/g)?.map(Number);
    if (!drawn || !numbers || numbers.length < 4) return [];
    const [x, y, lastX, lastY] = [numbers[0]!, numbers[1]!, numbers.at(-2)!, numbers.at(-1)!];
    const [xs, ys] = [numbers.filter((_, i) => i % 2 === 0), numbers.filter((_, i) => i % 2 === 1)];
    const box = { x: Math.min(...xs), y: Math.min(...ys), width: 0, height: 0 };
    box.width = Math.max(...xs) - box.x;
    box.height = Math.max(...ys) - box.y;
    const along = layout.direction === 'RIGHT' ? 'x' : 'y';
    return [{ key: edgeKey(link), path: drawn.path, box, parts: partsOf(numbers, box), head: { x: lastX, y: lastY, along, sign: (along === 'x' ? lastX < x : lastY < y) ? -1 : 1 } } as Stroke];
  });
}

/** What is no single curve counts as a whole. */
function partsOf(numbers: readonly number[], box: Box): readonly Box[] {
  if (numbers.length !== 8) return [box];
  const at = (t: number, first: number) => {
    const [a, b, c, d] = [numbers[first]!, numbers[first + 2]!, numbers[first + 4]!, numbers[first + 6]!];
    return (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t ** 2 * c + t ** 3 * d;
  };
  return Array.from({ length: partsOfCurve }, (_, i) => {
    const [from, to] = [i / partsOfCurve, (i + 1) / partsOfCurve];
    const [x1, x2, y1, y2] = [at(from, 0), at(to, 0), at(from, 1), at(to, 1)];
    return { x: Math.min(x1, x2), y: Math.min(y1, y2), width: Math.abs(x2 - x1), height: Math.abs(y2 - y1) };
  });
}

const tones: readonly Tone[] = ['idle', 'ok', 'warn', 'bad', 'busy'];
const weights = 5;
const firstCharacter = 48;

/** How each line looks, a character for each: what is compared to know whether anything has to be drawn anew. */
export function looksOf(strokes: readonly Stroke[], edgeOf: (key: string) => MapEdge | undefined): string {
  let looks = '';
  for (const { key } of strokes) {
    const { tone, weight } = lookOf(edgeOf(key));
    looks += String.fromCharCode(firstCharacter + tones.indexOf(tone) * weights + weight);
  }
  return looks;
}

/** One of what `looksOf` gives. */
export function lookAt(looks: string, index: number): { tone: Tone; weight: number } {
  const code = looks.charCodeAt(index) - firstCharacter;
  return { tone: tones[Math.floor(code / weights)] ?? 'idle', weight: code % weights };
}

/** Colours as a canvas takes them. */
export interface Colours {
  flow: string;
  warn: string;
  bad: string;
}

/** How a line is drawn, in the map's own measure. */
export interface Pen {
  width: number;
  colour: string;
  opacity: number;
  dashes: readonly number[];
  head: boolean;
}

/** Below this many pixels dashes are not seen, and cost more than all else. */
const leastDashPx = 1.6;

const widths = [1, 1.5, 2.25, 3.25, 4.5];

/** The signs of the small map: wide and dashed where requests fail. Seen from afar lines that fail are wider, and no line has a head; while the map moves none has dashes. */
export function penOf(tone: Tone, weight: number, zoom: number, colours: Colours, rests = true): Pen {
  const [near, far] = [zoom >= 0.5, zoom < 0.2];
  if (tone !== 'warn' && tone !== 'bad') return { width: weight === 0 ? 1 : 1.5, colour: colours.flow, opacity: weight === 0 ? 0.35 : 0.6, dashes: [], head: !far };
  const dashes = near || far ? (tone === 'warn' ? [12, 5] : [5, 4]) : [20, 12];
  return { width: near || far ? widths[weight]! : 5, colour: tone === 'warn' ? colours.warn : colours.bad, opacity: 1, dashes: !rests || Math.min(...dashes) * zoom < leastDashPx ? [] : dashes, head: !far };
}

type Canvas = Pick<CanvasRenderingContext2D, 'stroke' | 'setLineDash' | 'beginPath' | 'moveTo' | 'lineTo' | 'closePath' | 'fill' | 'strokeStyle' | 'fillStyle' | 'lineWidth' | 'globalAlpha'>;

/** Draws the lines that lie in a box, those that fail above the others; gives how many there were. */
export function paint<P extends Path2D>(canvas: Canvas, strokes: readonly (Stroke & { line: P })[], looks: string, box: Box, zoom: number, colours: Colours, rests = true): number {
  const near = { x: box.x - headSize, y: box.y - headSize, width: box.width + 2 * headSize, height: box.height + 2 * headSize };
  const seen = strokes.map((stroke, index) => ({ stroke, ...lookAt(looks, index) })).filter(({ stroke }) => touches(near, stroke));
  seen.sort((a, b) => tones.indexOf(a.tone) - tones.indexOf(b.tone));
  for (const { stroke, tone, weight } of seen) {
    const pen = penOf(tone, weight, zoom, colours, rests);
    canvas.strokeStyle = pen.colour;
    canvas.lineWidth = pen.width;
    canvas.globalAlpha = pen.opacity;
    canvas.setLineDash([...pen.dashes]);
    canvas.stroke(stroke.line);
    if (pen.head) head(canvas, stroke.head, pen.colour);
  }
  return seen.length;
}

const touches = (near: Box, { box, parts }: Stroke): boolean => meets(near, box) && parts.some((part) => meets(near, part));

const headSize = 9;

function head(canvas: Canvas, { x, y, along, sign }: Stroke['head'], colour: string): void {
  const [tip, back, half] = [0.1 * headSize * sign, -0.9 * headSize * sign, 0.4 * headSize];
  const at = (forward: number, aside: number) => (along === 'x' ? ([x + forward, y + aside] as const) : ([x + aside, y + forward] as const));
  canvas.fillStyle = colour;
  canvas.beginPath();
  canvas.moveTo(...at(back, -half));
  canvas.lineTo(...at(tip, 0));
  canvas.lineTo(...at(back, half));
  canvas.closePath();
  canvas.fill();
}

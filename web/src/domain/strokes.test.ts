import { describe, expect, it } from 'vitest';
import type { MapEdge } from '../api/shapes';
import { Graph } from './graph';
import { layFast } from './layoutFast';
import { lookAt, looksOf, paint, penOf, strokesOf } from './strokes';

const graph = new Graph(['a', 'b', 'c', 'd'], [{ from: 'a', to: 'b' }, { from: 'b', to: 'c' }, { from: 'c', to: 'a' }, { from: 'a', to: 'd' }]);
const layout = layFast(graph, { width: 1200, height: 800 });
const strokes = strokesOf(graph.links, layout);
const edge = (from: string, to: string, requestsPerSecond: number, errorRatio = 0): MapEdge => ({ from, to, requestsPerSecond, errorRatio, p50Ms: 1, p99Ms: 2, declared: true });
const edges = new Map([['a→b', edge('a', 'b', 1200)], ['b→c', edge('b', 'c', 5, 0.2)], ['c→a', edge('c', 'a', 0)], ['a→d', edge('a', 'd', 40, 0.02)]]);
const looks = looksOf(strokes, (key) => edges.get(key));
const colours = { flow: 'grey', warn: 'amber', bad: 'red' };

/** Notes what is drawn. */
function noting() {
  const said: string[] = [];
  const canvas = {
    strokeStyle: '', fillStyle: '', lineWidth: 0, globalAlpha: 1,
    setLineDash(dashes: number[]) { said.push(`dash ${dashes.join(' ')}`); },
    stroke(line: unknown) { said.push(`${String(line)} ${this.strokeStyle} ${this.lineWidth} ${this.globalAlpha}`); },
    beginPath() {}, closePath() {},
    moveTo(x: number, y: number) { said.push(`head ${Math.round(x)},${Math.round(y)}`); },
    lineTo() {}, fill() {},
  };
  return { said, canvas: canvas as unknown as CanvasRenderingContext2D };
}

describe('lines of a huge map', () => {
  it('know where they are and where their heads point', () => {
    for (const { key, box, head } of strokes) {
      const [from, to] = key.split('→').map((id) => layout.positions.get(id)!);
      expect(box.x, key).toBeLessThanOrEqual(Math.max(from!.x, to!.x));
      expect(head.sign, key).toBe(key === 'c→a' ? -1 : 1);
      expect(head.along).toBe('x');
    }
  });

  it('look by what flows', () => {
    expect(strokes.map(({ key }, index) => [key, lookAt(looks, index)])).toEqual([
      ['a→b', { tone: 'ok', weight: 4 }],
      ['b→c', { tone: 'bad', weight: 1 }],
      ['c→a', { tone: 'idle', weight: 0 }],
      ['a→d', { tone: 'warn', weight: 2 }],
    ]);
  });

  it('are drawn where they are seen, those that fail last', () => {
    const lines = strokes.map((stroke) => ({ ...stroke, line: stroke.key as unknown as Path2D }));
    const all = noting();
    expect(paint(all.canvas, lines, looks, { x: 0, y: 0, ...layout.size }, 1, colours)).toBe(4);
    expect(all.said.filter((one) => !one.startsWith('head'))).toEqual(['dash ', 'c→a grey 1 0.35', 'dash ', 'a→b grey 1.5 0.6', 'dash 12 5', 'a→d amber 2.25 1', 'dash 5 4', 'b→c red 1.5 1']);
    expect(all.said.filter((one) => one.startsWith('head')).length).toBe(4);
    const far = noting();
    paint(far.canvas, lines, looks, { x: 0, y: 0, ...layout.size }, 0.1, colours);
    expect(far.said.some((one) => one.startsWith('head')), 'no heads from afar').toBe(false);
    const nothing = noting();
    expect(paint(nothing.canvas, lines, looks, { x: 50_000, y: 0, width: 100, height: 100 }, 1, colours)).toBe(0);
  });

  it('have dashes where they can be seen', () => {
    expect(penOf('bad', 1, 1, colours).dashes).toEqual([5, 4]);
    expect(penOf('bad', 1, 0.3, colours).dashes).toEqual([20, 12]);
    expect(penOf('bad', 1, 0.1, colours).dashes).toEqual([]);
  });
});

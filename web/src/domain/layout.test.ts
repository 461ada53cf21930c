import ElkBundled from 'elkjs/lib/elk.bundled.js';
import { describe, expect, it } from 'vitest';
import { edgeKey, Graph } from './graph';
import { card, curved, fitZoom, fromElk, layerBound, rounded, toElk, type Layout } from './layout';

// In a page the engine runs in a worker (parts/elk.ts); here the same engine runs in this thread.
const ELK = ElkBundled as unknown as new () => { layout: (graph: ReturnType<typeof toElk>) => Promise<ReturnType<typeof toElk>> };
const engine = new ELK();
const frame = { width: 1200, height: 700 };

async function layOut(graph: Graph, before?: Layout): Promise<Layout> {
  return fromElk(await engine.layout(toElk(graph, 'RIGHT', frame, before?.positions)), 'RIGHT');
}

const links = (text: string) => text.split(' ').map((pair) => ({ from: pair[0]!, to: pair[1]! }));

describe('layout', () => {
  it('places every card, none over another, and gives every edge a path', async () => {
    const graph = new Graph('abcdefg', links('ab ac bd cd de ce ca'));
    const { positions, edges } = await layOut(graph);
    const placed = [...positions.values()];
    expect(positions.size).toBe(7);
    for (const [i, a] of placed.entries()) {
      for (const b of placed.slice(i + 1)) expect(Math.abs(a.x - b.x) >= card.width || Math.abs(a.y - b.y) >= card.height).toBe(true);
    }
    for (const link of graph.links) expect(edges.get(edgeKey(link))!.path).toMatch(/^M[\d.-]+,[\d.-]+L/);
  });

  it('is the same for the same graph', async () => {
    const graph = () => new Graph('abcde', links('ab ac bd cd de'));
    expect(await layOut(graph())).toEqual(await layOut(graph()));
  });

  it('keeps the order of what was there when a service comes, which it would not without the former positions', async () => {
    const first = await layOut(new Graph('abcdefg', links('ab ac ad be cf dg')));
    const grown = new Graph('abcdefgh', links('ah ab ac ad be cf dg hg he'));
    const order = ({ positions }: Layout) => [...'abcdefg'].sort((a, b) => positions.get(a)!.x - positions.get(b)!.x || positions.get(a)!.y - positions.get(b)!.y).join('');
    expect(order(await layOut(grown, first))).toBe(order(first));
    expect(order(await layOut(grown))).not.toBe(order(first));
  });

  it('folds a layer of two hundred services instead of stacking it (which would show at 0.03)', async () => {
    const ids = Array.from({ length: 200 }, (_, i) => `s${i}`);
    const wide = new Graph(ids, ids.slice(10).map((id, i) => ({ from: `s${i % 10}`, to: id })));
    const { size } = await layOut(wide);
    expect(fitZoom(size, frame)).toBeGreaterThan(0.15);
  });
});

it('bounds layers by the shape of the frame', () => {
  expect(layerBound(200, 'RIGHT', frame)).toBeLessThan(layerBound(200, 'RIGHT', { width: 700, height: 1200 }));
  expect(layerBound(2, 'RIGHT', frame)).toBe(3);
});

describe('paths', () => {
  it('round their corners by no more than half a run', () => {
    expect(rounded([{ x: 0, y: 0 }, { x: 10, y: 0 }, { x: 10, y: 50 }])).toBe('M0,0L5,0Q10,0 10,10L10,50');
  });
  it('leave and arrive along the direction', () => {
    expect(curved([{ x: 0, y: 0 }, { x: 10, y: 50 }], 'RIGHT')).toBe('M0,0C5,0 5,50 10,50');
    expect(curved([{ x: 0, y: 0 }, { x: 10, y: 50 }], 'DOWN')).toBe('M0,0C0,25 10,25 10,50');
  });
});

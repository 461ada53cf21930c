import { describe, expect, it } from 'vitest';
import { edgeKey, Graph } from './graph';
import { drawnEdges, isHuge, layFast } from './layoutFast';

const frame = { width: 1200, height: 800 };

/** A thousand services in layers, each with ten needs below it. */
function huge(): Graph {
  const ids = Array.from({ length: 1000 }, (_, i) => `s${String(i).padStart(4, '0')}`);
  const links = ids.flatMap((from, i) => Array.from({ length: 10 }, (_, k) => ({ from, to: ids[(Math.floor(i / 100) + 1) * 100 + ((i * 7 + k * 13) % 100)]! })).filter((link) => link.to !== undefined));
  return new Graph(ids, links);
}

describe('fast layout', () => {
  it('lays a thousand services and nine thousand edges, none over another', () => {
    const graph = huge();
    expect(isHuge(graph)).toBe(true);
    const layout = layFast(graph, frame);
    const places = new Set([...layout.positions.values()].map(({ x, y }) => `${x} ${y}`));
    expect(places.size).toBe(1000);
    expect(layout.edges.size).toBe(graph.links.length);
    const aspect = layout.size.width / layout.size.height;
    expect(aspect).toBeGreaterThan(0.7);
    expect(aspect).toBeLessThan(4);
    expect([...layFast(huge(), frame).positions]).toEqual([...layout.positions]);
  });

  it('puts callers before callees, and finds a place for circles', () => {
    const { positions } = layFast(new Graph(['a', 'b', 'c', 'x', 'y'], [{ from: 'a', to: 'b' }, { from: 'b', to: 'c' }, { from: 'x', to: 'y' }, { from: 'y', to: 'x' }]), frame);
    expect(positions.get('a')!.x).toBeLessThan(positions.get('b')!.x);
    expect(positions.get('b')!.x).toBeLessThan(positions.get('c')!.x);
    expect(positions.size).toBe(5);
  });

  it('draws the busiest and the failing', () => {
    const edge = (from: string, to: string, requestsPerSecond: number, errorRatio = 0) => ({ from, to, requestsPerSecond, errorRatio });
    const edges = [edge('a', 'b', 100), edge('a', 'c', 50), edge('a', 'd', 1, 0.5), edge('z', 'y', 0)];
    expect(drawnEdges(edges, 2, 0.05).map(edgeKey)).toEqual(['a→d', 'a→b']);
    expect(drawnEdges(edges, 9, 0.05).map(edgeKey)).toEqual(['a→d', 'a→b', 'a→c', 'z→y']);
  });
});

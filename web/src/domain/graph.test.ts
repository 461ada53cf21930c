import { describe, expect, it } from 'vitest';
import { edgeKey, Graph } from './graph';

const links = (text: string) => text.split(' ').map((pair) => ({ from: pair[0]!, to: pair[1]! }));

describe('Graph', () => {
  it('lists needs and dependants, without repeats and without links to nowhere', () => {
    const graph = new Graph('abc', links('ab ab ac az'));
    expect(graph.needsOf('a')).toEqual(['b', 'c']);
    expect(graph.dependantsOf('b')).toEqual(['a']);
    expect(graph.links.map(edgeKey)).toEqual(['a→b', 'a→c']);
  });

  it('finds everybody who is hurt, nearest first', () => {
    const graph = new Graph('abcde', links('ab bc dc ed'));
    expect(graph.reverseReach('c')).toEqual([
      { id: 'b', steps: 1 },
      { id: 'd', steps: 1 },
      { id: 'a', steps: 2 },
      { id: 'e', steps: 2 },
    ]);
  });

  it('ends in a cycle and does not count the start among the hurt', () => {
    const graph = new Graph('abc', links('ab bc ca'));
    expect(graph.reverseReach('a')).toEqual([
      { id: 'c', steps: 1 },
      { id: 'b', steps: 2 },
    ]);
  });
});

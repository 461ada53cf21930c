import { expect, it } from 'vitest';
import { Graph } from './graph';
import { step, type Arrow } from './navigate';

// gateway → web → orders, web → search; far lies straight right of gateway but joins nothing.
const graph = new Graph(
  ['gateway', 'web', 'orders', 'search', 'far'],
  [
    { from: 'gateway', to: 'web' },
    { from: 'web', to: 'orders' },
    { from: 'web', to: 'search' },
  ],
);
const positions = new Map([
  ['gateway', { x: 0, y: 0 }],
  ['far', { x: 100, y: 0 }],
  ['web', { x: 300, y: 60 }],
  ['orders', { x: 600, y: 0 }],
  ['search', { x: 600, y: 120 }],
]);

it.each<[string, Arrow, string | undefined]>([
  ['gateway', 'ArrowRight', 'web'], // along the edge, though another card is nearer
  ['web', 'ArrowLeft', 'gateway'],
  ['web', 'ArrowRight', 'orders'],
  ['orders', 'ArrowDown', 'search'], // no edge leads down: the nearest card
  ['search', 'ArrowUp', 'orders'],
  ['orders', 'ArrowRight', undefined], // the map's border
  ['nobody', 'ArrowRight', undefined],
])('from %s, %s leads to %s', (from, arrow, to) => {
  expect(step(graph, positions, from, arrow)).toBe(to);
});

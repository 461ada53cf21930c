import { describe, expect, it } from 'vitest';
import { advance, cardsIn, coverOf, isOutgrown, sightOf, type DrawnCards } from './sight';

const frame = { width: 1000, height: 600 };
const map = { width: 10_000, height: 4000 };
/** The middle of the map at half its size. */
const middle = { x: -2000, y: -700, zoom: 0.5 };

describe('what is drawn of a huge map', () => {
  it('is what is seen and half a frame beyond, in whole pixels', () => {
    expect(sightOf(middle, frame)).toEqual({ x: 4000, y: 1400, width: 2000, height: 1200 });
    expect(coverOf(middle, frame, map)).toEqual({ box: { x: 3000, y: 800, width: 4000, height: 2400 }, zoom: 0.5 });
    const uneven = coverOf({ x: -2000.3, y: -700.7, zoom: 0.37 }, frame, map);
    for (const [at, offset] of [[uneven.box.x, -2000.3], [uneven.box.y, -700.7]] as const) expect(at * 0.37 + offset).toBeCloseTo(Math.round(at * 0.37 + offset), 9);
  });

  it('ends with the map', () => {
    expect(coverOf({ x: 20, y: 20, zoom: 0.05 }, frame, map)).toEqual({ box: { x: 0, y: 0, width: 10_000, height: 4000 }, zoom: 0.05 });
    expect(isOutgrown(coverOf({ x: 20, y: 20, zoom: 0.05 }, frame, map), { x: 300, y: -100, zoom: 0.05 }, frame, map)).toBe(false);
  });

  it('is outgrown where something is seen that is not drawn, or the zoom is quite another', () => {
    const cover = coverOf(middle, frame, map);
    expect(isOutgrown(cover, middle, frame, map)).toBe(false);
    expect(isOutgrown(cover, { ...middle, x: -2499 }, frame, map)).toBe(false);
    expect(isOutgrown(cover, { ...middle, x: -2510 }, frame, map)).toBe(true);
    expect(isOutgrown(cover, { ...middle, y: -390 }, frame, map)).toBe(true);
    expect(isOutgrown(cover, { x: -3000, y: -1200, zoom: 0.7 }, frame, map)).toBe(false);
    expect(isOutgrown(cover, { x: -4500, y: -1900, zoom: 1.1 }, frame, map)).toBe(true);
    expect(isOutgrown(cover, { x: 5000, y: 0, zoom: 0.5 }, frame, map), 'nothing of the map is seen').toBe(false);
  });
});

describe('cards of a huge map', () => {
  const positions = new Map(Array.from({ length: 100 }, (_, i) => [`s${i}`, { x: (i % 10) * 300, y: Math.floor(i / 10) * 100 }] as const));

  it('are those that lie in the box at least in part, the middle first', () => {
    const found = cardsIn(positions, { x: 600, y: 100, width: 900, height: 300 });
    expect(found.length).toBe(9);
    expect(found[0]).toBe('s23');
    expect(cardsIn(positions, { x: 5000, y: 0, width: 10, height: 10 })).toEqual([]);
  });

  it('come, change and leave a few at a time, and nothing is left over', () => {
    let drawn: DrawnCards = new Map([['a', 'near'], ['b', 'near']]);
    const steps: string[] = [];
    for (let last: DrawnCards | undefined; last !== drawn; ) {
      last = drawn;
      drawn = advance(drawn, ['b', 'c', 'd', 'e'], 'mid', 2);
      if (drawn !== last) steps.push([...drawn].map(([id, detail]) => `${id}:${detail}`).join(' '));
    }
    expect(steps).toEqual(['b:near c:mid d:mid', 'b:mid c:mid d:mid e:mid']);
  });
});

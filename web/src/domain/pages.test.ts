import { expect, it } from 'vitest';
import { texts } from './i18n';
import { groupOf, isAt, navigation } from './pages';
import { parse, pathOf } from './route';

const all = navigation.flatMap((group) => group.pages);

it('leads to pages that exist, each by one way', () => {
  for (const page of all) expect(parse(pathOf(page.to))).toEqual(page.to);
  const reached = all.flatMap((page) => [page.to.page, ...(page.over ?? [])]);
  expect(new Set(reached).size).toBe(reached.length);
});

it('knows where one is on a page that it does not show', () => {
  const trace = parse('/traces/4bf92f3577b34da6a3ce929d0e0e4736');
  const group = groupOf(trace)!;
  expect(group.pages.filter((page) => isAt(page, trace)).map((page) => page.to.page)).toEqual(['traces']);
  expect(groupOf(parse('/services/web'))!.pages[0]!.to.page).toBe('map');
  expect(groupOf(parse('/no/such'))).toBeUndefined();
});

it('names every page and group in every language', () => {
  for (const text of Object.values(texts)) {
    for (const group of navigation) {
      expect(group.label(text)).toMatch(/\S/);
      const names = group.pages.map((page) => page.label(text));
      expect(new Set(names).size).toBe(names.length);
    }
  }
});

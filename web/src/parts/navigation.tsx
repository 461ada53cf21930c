import type { AnchorHTMLAttributes, MouseEvent } from 'react';
import { parse, pathOf, type Route } from '../domain/route';
import { Cell } from '../domain/store';
import { useCell } from './hooks';

const here = () => location.pathname + location.search;
const route = new Cell<Route>(parse(here()));

addEventListener('popstate', () => route.set(parse(here())));

/** Goes to a page; `replace` leaves no entry in the browser's history. */
export function go(to: Route, how: 'push' | 'replace' = 'push'): void {
  const path = pathOf(to);
  if (path !== here()) history[how === 'push' ? 'pushState' : 'replaceState'](null, '', path);
  route.set(to);
}

export const useRoute = (): Route => useCell(route);

type LinkProps = { to: Route } & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'>;

/** A real link (it opens in a new tab on request) that otherwise stays within the page. */
export function Link({ to, onClick, ...rest }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return <a {...rest} href={pathOf(to)} onClick={follow} />;
}
